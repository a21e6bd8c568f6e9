/**
 * The rules by which observations become the picture (design.md section 2): presence is a fact, absence a suspicion.
 * Pure: an entry and an observation in, an entry out. `lagMs` is how long Azure may show what was before a write.
 */
import { type AzureIdentity, sameContent } from '../azure/azure-identity.ts';
import type { Entry, Seen } from './entry.ts';

export interface Merged {
  /** Undefined = nothing worth keeping. */
  readonly entry: Entry | undefined;
  /** Monotonic ms: the observation contradicts what is held and cannot be trusted yet; a GET then will tell. */
  readonly lookAgainAt?: number;
}

/** How long a proven absence is kept, ms, for readers who ask later. */
export const ABSENCE_KEPT_MS = 3600_000;

const NEVER = Number.NEGATIVE_INFINITY;
const UNTOUCHED = { touchedAt: NEVER, touch: 'none' } as const;

/** A list or a GET that began at `at` showed it. */
export function mergePresent(
  entry: Entry | undefined,
  identity: AzureIdentity,
  at: number,
  how: 'list' | 'get',
  lagMs: number,
): Merged {
  const shown = present(entry, identity, at, how);
  if (!entry) return { entry: shown };
  if (at < entry.at) return { entry };
  const { seen } = entry;
  switch (seen.state) {
    case 'suspectAbsent':
      return { entry: shown };
    case 'present': {
      // A list is older than it says: within the lag it cannot contradict what a GET or a write proved.
      const proved = Math.max(entry.provedAt, entry.touchedAt);
      const doubtful = how === 'list' && at < proved + lagMs && !sameContent(seen.identity, identity);
      return doubtful ? { entry, lookAgainAt: at } : { entry: shown };
    }
    case 'absent': {
      if (at >= entry.at + lagMs) return { entry: shown };
      // Soon after our DELETE it may still show, but another principal is another identity.
      const stale = seen.by === 'delete' && (!seen.last || seen.last.principalId === identity.principalId);
      if (stale) return { entry, lookAgainAt: entry.at + lagMs };
      return how === 'list' ? { entry, lookAgainAt: at } : { entry: shown };
    }
  }
}

/** A live GET that began at `at` answered that it does not exist. */
export function mergeGone(entry: Entry | undefined, at: number, lagMs: number): Merged {
  if (!entry)
    return {
      entry: {
        seen: { state: 'absent', by: 'get' },
        how: 'get',
        at,
        since: NEVER,
        provedAt: NEVER,
        ...UNTOUCHED,
      },
    };
  if (at < entry.at) return { entry };
  const { seen } = entry;
  if (at < entry.touchedAt + lagMs) {
    const lookAgainAt = entry.touchedAt + lagMs;
    // What we deleted is gone; what we wrote is there although Azure does not show it yet; else it is open.
    if (entry.touch === 'delete') return { entry };
    if (entry.touch === 'write' && seen.state === 'present') return { entry, lookAgainAt };
    return { entry: { ...entry, seen: suspicion(seen), how: 'get', at }, lookAgainAt };
  }
  return {
    entry: { ...entry, seen: { state: 'absent', by: 'get', ...lastOf(seen) }, how: 'get', at, since: NEVER },
  };
}

/** A complete list that began at `at` did not hold it. */
export function mergeUnlisted(entry: Entry, at: number, lagMs: number): Merged {
  if (at < entry.at || at <= entry.touchedAt + lagMs) return { entry };
  switch (entry.seen.state) {
    case 'present':
      return { entry: { ...entry, seen: suspicion(entry.seen), how: 'list', at } };
    case 'suspectAbsent':
      // Missing twice and nobody asked: without an entry it stays a suspicion all the same.
      return { entry: undefined };
    case 'absent':
      return { entry: at > entry.at + ABSENCE_KEPT_MS ? undefined : entry };
  }
}

/** Our own PUT or PATCH came back with this. */
export function mergeWrite(entry: Entry | undefined, identity: AzureIdentity, now: number): Entry {
  return { ...present(entry, identity, now, 'write'), touchedAt: now, touch: 'write' };
}

/** Our own DELETE succeeded, or found nothing. */
export function mergeDelete(entry: Entry | undefined, now: number): Entry {
  return {
    seen: { state: 'absent', by: 'delete', ...(entry && lastOf(entry.seen)) },
    how: 'delete',
    at: now,
    since: NEVER,
    provedAt: NEVER,
    touchedAt: now,
    touch: 'delete',
  };
}

/** A write of ours ended without an answer: whatever was held may no longer be so, and an absence is open again. */
export function mergeAttempt(entry: Entry | undefined, now: number, lagMs: number): Merged {
  const touched = { touchedAt: now, touch: 'attempt' } as const;
  const lookAgainAt = now + lagMs;
  if (!entry)
    return {
      entry: {
        seen: { state: 'suspectAbsent' },
        how: 'write',
        at: NEVER,
        since: NEVER,
        provedAt: NEVER,
        ...touched,
      },
      lookAgainAt,
    };
  const seen = entry.seen.state === 'absent' ? suspicion(entry.seen) : entry.seen;
  return { entry: { ...entry, seen, ...touched }, lookAgainAt };
}

function present(
  entry: Entry | undefined,
  identity: AzureIdentity,
  at: number,
  how: 'list' | 'get' | 'write',
): Entry {
  const before = entry?.seen.state === 'present' ? entry.seen.identity : undefined;
  const same = entry && before?.principalId === identity.principalId;
  const touch = entry ? { touchedAt: entry.touchedAt, touch: entry.touch } : UNTOUCHED;
  return {
    seen: { state: 'present', identity },
    how,
    at,
    since: same ? entry.since : at,
    provedAt: how === 'list' ? (same ? entry.provedAt : NEVER) : at,
    ...touch,
  };
}

function suspicion(seen: Seen): Seen {
  return { state: 'suspectAbsent', ...lastOf(seen) };
}

function lastOf(seen: Seen): { last?: AzureIdentity } {
  const last = seen.state === 'present' ? seen.identity : seen.last;
  return last ? { last } : {};
}
