/** What a reason means and what to do about it: the tables of docs/conditions.md, and how one is found in them. Pure. */
import { KINDS } from '../api/index.ts';
import { nearMiss } from '../policy/near-miss.ts';
// As a module and not as a file read at run time, so that a bundle holds it.
import page from './reasons.json' with { type: 'json' };

/** A row of docs/conditions.md. */
export interface ExplainedReason {
  readonly reason: string;
  /** The value of the condition, or the type of the Event: `False`, `Warning`. */
  readonly state?: string;
  readonly meaning: string;
  readonly action?: string;
  /** Empty: of every kind that may have it. */
  readonly kinds: readonly string[];
  /** Headings of the page. */
  readonly section: string;
  readonly heading?: string;
}

export const REASONS: readonly ExplainedReason[] = page.reasons;

export type Explanation =
  | { readonly found: true; readonly reason: string; readonly rows: readonly ExplainedReason[] }
  /** `near`: what was probably meant. */
  | { readonly found: false; readonly near: readonly string[] };

/** In any case, as people write it from memory. @param kind only rows that a kind may have */
export function explain(reasons: readonly ExplainedReason[], word: string, kind?: string): Explanation {
  const wanted = word.toLowerCase();
  const rows = reasons.filter(
    ({ reason, kinds }) =>
      reason.toLowerCase() === wanted && (kind === undefined || kinds.length === 0 || kinds.includes(kind)),
  );
  const [first] = rows;
  if (first) return { found: true, reason: first.reason, rows };
  return { found: false, near: nearTo(word, [...new Set(reasons.map(({ reason }) => reason))]) };
}

/** A longer list would not help. */
const MAX_NEAR = 5;

/** A misspelt reason first, then reasons that share a word of it: `Denied` leads to `PolicyDenied`. */
function nearTo(word: string, names: readonly string[]): readonly string[] {
  const slip = nearMiss(word, names);
  if (slip !== undefined) return [slip];
  const parts = wordsOf(word);
  const shared = names
    .map((name) => ({ name, count: wordsOf(name).filter((each) => parts.includes(each)).length }))
    .filter(({ count }) => count > 0)
    .toSorted((left, right) => right.count - left.count || left.name.length - right.name.length)
    .map(({ name }) => name);
  const within = names.filter((name) => word.length >= 4 && name.toLowerCase().includes(word.toLowerCase()));
  return [...new Set([...within, ...shared])].slice(0, MAX_NEAR);
}

/** `PolicyDenied` -> policy, denied. */
function wordsOf(name: string): readonly string[] {
  return name
    .split(/(?<=[a-z])(?=[A-Z])|[^A-Za-z]+/)
    .map((each) => each.toLowerCase())
    .filter((each) => each.length > 2);
}

/** The kinds that a row is about, in words. */
export function kindsText({ kinds, section }: ExplainedReason): string {
  if (kinds.length > 0) return kinds.map((kind) => `${kind} (${shortNameOf(kind)})`).join(', ');
  return section === 'Events' ? 'Events' : section === 'In the log only' ? 'the log' : 'all kinds';
}

function shortNameOf(kind: string): string {
  const found = KINDS.find(({ resource }) => resource.kind === kind);
  return found?.shortNames[0] ?? found?.singular ?? kind.toLowerCase();
}
