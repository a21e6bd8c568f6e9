import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { mayGive } from '../../hosts/claims/by-identity.ts';
import type { Claim } from '../../hosts/claims/claim.ts';

/** So long a write waits for the next word of those who ask for something, ms: it comes within a reconcile of each. */
const LONGEST_PAUSE_MS = 10_000;
/** However many speak of a host one after the other, a write waits no longer for all of them, ms. */
const LONGEST_ROUND_MS = 120_000;

/**
 * Who may have what the host does not show, and has yet to give the word: the finalizer, the warning that the resource
 * restarts, or its rollout's turn. By uid. What many ask for at once then goes out in one write (docs/architecture.md
 * section 4). None is awaited for a host that is not there: it can be given only when it is.
 */
export function awaitedWords(claims: readonly Claim[], host: AzureHost): readonly string[] {
  const shown = new Set(host.identity.userAssigned.map(({ key }) => key));
  const awaited = claims.filter((claim) => {
    if (claim.state !== 'wants' || claim.hasSlot || !claim.isDue || !mayGive(claim)) return false;
    return claim.what === 'system' ? !host.identity.system : !shown.has(armKey(claim.what.identityId));
  });
  return awaited.map(({ owner }) => owner.uid);
}

/** Whether a write is still held for them: nobody can hold one up for long. */
export function holdsForWords(words: readonly string[], awaitedMs: number): boolean {
  return words.length > 0 && awaitedMs < LONGEST_PAUSE_MS;
}

/** How a write of one host waits for words. Times in ms of the wall clock. */
export interface Pause {
  /** When its first word was awaited. */
  readonly first: number;
  /** When the last word came, or another one was awaited. */
  readonly since: number;
  readonly due: ReadonlySet<string>;
  /** They were waited for in vain, and are not again until they have given a word or ask for nothing. */
  readonly unheard: ReadonlySet<string>;
}

/**
 * The pause goes on while words come, and begins anew for whoever asks anew: a resource made again, a policy that is back.
 *
 * @param counts the write waits for nothing else: what is not possible yet is not late
 */
export function pauseAfter(
  before: Pause | undefined,
  words: readonly string[],
  counts: boolean,
  now: number,
): Pause {
  const unheard = new Set(words.filter((word) => before?.unheard.has(word)));
  const due = new Set(counts ? words.filter((word) => !unheard.has(word)) : []);
  const last = before && before.due.size > 0 ? before : { first: now, since: now, due };
  const came = [...last.due].some((word) => !words.includes(word));
  const isNew = [...due].some((word) => !last.due.has(word));
  const since = (came || isNew) && now - last.first < LONGEST_ROUND_MS ? now : last.since;
  if (now - since < LONGEST_PAUSE_MS) return { first: last.first, since, due, unheard };
  return { first: now, since: now, due: new Set(), unheard: new Set([...unheard, ...due]) };
}

/** For how long nobody gave a word, ms; for ever, where those who are left were waited for in vain. */
export function pausedMs({ since, due, unheard }: Pause, now: number): number {
  if (due.size > 0) return now - since;
  return unheard.size > 0 ? Number.POSITIVE_INFINITY : 0;
}
