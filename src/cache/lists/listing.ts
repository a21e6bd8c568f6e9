/** What the pages of one list of an area showed, and whether that is all there is. */
import type { Entry } from '../store/entry.ts';

/** What one call of a list showed. */
export interface Page<T> {
  readonly found: readonly T[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
  /** Areas beneath, each of which has a list of its own: the slots of each site. */
  readonly areas?: readonly string[];
  /** Ids of resources of which the list leaves out what matters: they are read one by one. */
  readonly leftOut?: readonly string[];
  /** Azure answered that the parent of these resources is not there. */
  readonly gone?: boolean;
}

/** A whole list: every page came. */
export interface CompletedList<T> {
  /** When its first request began, monotonic ms: an absence is as old as this. */
  readonly startedAt: number;
  /** Each with the time at which its own page's request began. */
  readonly found: readonly { readonly resource: T; readonly requestedAt: number }[];
  readonly areas?: readonly string[] | undefined;
  readonly leftOut?: readonly string[];
  readonly gone?: boolean;
}

/** @param now monotonic ms, for a list without a page */
export async function collected<T>(
  pages: AsyncIterable<Page<T>>,
  now: () => number,
): Promise<CompletedList<T>> {
  const found: { resource: T; requestedAt: number }[] = [];
  const leftOut: string[] = [];
  let startedAt: number | undefined;
  let areas: string[] | undefined;
  let gone = false;
  for await (const page of pages) {
    startedAt ??= page.requestedAt;
    for (const resource of page.found) found.push({ resource, requestedAt: page.requestedAt });
    if (page.areas) areas = [...(areas ?? []), ...page.areas];
    leftOut.push(...(page.leftOut ?? []));
    gone ||= page.gone ?? false;
  }
  return { startedAt: startedAt ?? now(), found, areas, leftOut, gone };
}

/**
 * Whether a list holds everything (docs/architecture.md section 2). A caller without rights gets a short list
 * with 200 and no error (docs/azure-facts.md section 7), so a list must show what a GET proved, and the right to read must stand.
 * `at`: monotonic ms at which the list began. Only `complete` allows a deletion that rests on what is not listed.
 */
export type Completeness =
  | { readonly state: 'complete'; readonly at: number }
  | { readonly state: 'partial'; readonly reason: string };

/** Not known yet: the first list is under way, or whether it is complete is still being checked. */
export const NOT_LISTED: Completeness = { state: 'partial', reason: 'not listed yet' };

/** How long a proof makes a witness, ms. */
const WITNESS_MS = 24 * 3600_000;

/** Whether a list that began at `startedAt` must show this entry. */
export function isWitness<T>(entry: Entry<T>, startedAt: number, lagMs: number): boolean {
  return (
    entry.presence.state === 'present' &&
    entry.provedAt > startedAt - WITNESS_MS &&
    // Too young, or touched too lately, for a list to have it for certain.
    entry.since + lagMs < startedAt &&
    entry.touchedAt + lagMs < startedAt
  );
}

/** Above this many missing witnesses a list is short beyond doubt, and a GET for each would cost more than it proves. */
const MAX_WITNESS_GETS = 20;

/** Why a list that lacks these witnesses is short; undefined where each is proven to be gone. */
export async function whyShort(
  missing: readonly string[],
  plural: string,
  isGone: (id: string) => Promise<boolean>,
): Promise<string | undefined> {
  if (missing.length > MAX_WITNESS_GETS)
    return `the list lacks ${missing.length} ${plural} that were there lately`;
  for (const id of missing) if (!(await isGone(id))) return `the list lacks ${id}, which exists`;
  return undefined;
}
