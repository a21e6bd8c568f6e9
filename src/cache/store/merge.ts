/**
 * The rules by which observations become what is held (docs/architecture.md section 2): presence is a fact, absence a suspicion.
 * Pure: an entry and an observation in, an entry out. `lagMs` is how long Azure may show what was before a write. They
 * hold for any kind of resource; `Rules` says what makes two of them the same.
 */
import { type Entry, type Presence, presentIn } from './entry.ts';

/** What makes two observations of one kind of resource the same. */
export interface Rules<T> {
  /** How long Azure may show what was before a write, ms. */
  readonly lagMs: number;
  /** Both say the same; asked of two with one key. */
  sameContent(left: T, right: T): boolean;
  /** Not deleted and made again in between, as far as they show it: an identity keeps its principal. */
  sameInstance(left: T, right: T): boolean;
}

export interface Merged<T> {
  /** Undefined = nothing worth keeping. */
  readonly entry: Entry<T> | undefined;
  /** Monotonic ms: the observation contradicts what is held and cannot be trusted yet; a GET at that time settles it. */
  readonly readAgainAt?: number;
}

/** How long a proven absence is kept, ms, for readers who ask later. */
export const ABSENCE_KEPT_MS = 3600_000;

const NEVER = Number.NEGATIVE_INFINITY;
const UNTOUCHED = { touchedAt: NEVER, touch: 'none' } as const;

/** A list or a GET that began at `at` showed it. */
export function mergePresent<T>(
  entry: Entry<T> | undefined,
  resource: T,
  at: number,
  how: 'list' | 'get',
  rules: Rules<T>,
): Merged<T> {
  const { lagMs } = rules;
  const shown = present(entry, resource, at, how, rules);
  if (!entry) return { entry: shown };
  if (at < entry.at) return { entry };
  const { presence } = entry;
  switch (presence.state) {
    case 'suspectAbsent':
      return { entry: shown };
    case 'present': {
      // A list is older than it says: within the lag it cannot contradict what a GET or a write proved.
      const proved = Math.max(entry.provedAt, entry.touchedAt);
      const doubtful =
        how === 'list' && at < proved + lagMs && !rules.sameContent(presence.resource, resource);
      return doubtful ? { entry, readAgainAt: at } : { entry: shown };
    }
    case 'absent': {
      if (at >= entry.at + lagMs) return { entry: shown };
      // Soon after our DELETE it may still show, but another instance was made since.
      const stale =
        presence.by === 'delete' && (!presence.last || rules.sameInstance(presence.last, resource));
      if (stale) return { entry, readAgainAt: entry.at + lagMs };
      return how === 'list' ? { entry, readAgainAt: at } : { entry: shown };
    }
  }
}

/**
 * A list that is no cache's own showed it: `gone` if that is only Azure's lag, `ask` if it may be another one, made
 * since, which a GET settles.
 */
export function checkListed<T>(
  entry: Entry<T> | undefined,
  resource: T,
  at: number,
  rules: Rules<T>,
): 'there' | 'gone' | 'ask' {
  if (entry?.presence.state !== 'absent') return 'there';
  if (at < entry.at) return 'gone';
  const merged = mergePresent(entry, resource, at, 'list', rules);
  if (presentIn(merged.entry) !== undefined) return 'there';
  return merged.readAgainAt === at ? 'ask' : 'gone';
}

/** Until when a list that says otherwise is not believed, monotonic ms: that long even an area without users keeps it. */
export function provenUntil<T>({ presence, at, provedAt, touchedAt }: Entry<T>, lagMs: number): number {
  return Math.max(provedAt, touchedAt, presence.state === 'absent' ? at : NEVER) + lagMs;
}

/** A live GET that began at `at` answered that it does not exist. */
export function mergeGone<T>(entry: Entry<T> | undefined, at: number, lagMs: number): Merged<T> {
  if (!entry)
    return {
      entry: {
        presence: { state: 'absent', by: 'get' },
        how: 'get',
        at,
        since: NEVER,
        provedAt: NEVER,
        ...UNTOUCHED,
      },
    };
  if (at < entry.at) return { entry };
  const { presence } = entry;
  if (at < entry.touchedAt + lagMs) {
    const readAgainAt = entry.touchedAt + lagMs;
    // What we deleted is gone; what we wrote is there although Azure does not show it yet; else it is open.
    if (entry.touch === 'delete') return { entry };
    if (entry.touch === 'write' && presence.state === 'present') return { entry, readAgainAt };
    return { entry: { ...entry, presence: suspicion(presence), how: 'get', at }, readAgainAt };
  }
  return {
    entry: {
      ...entry,
      presence: { state: 'absent', by: 'get', ...lastOf(presence) },
      how: 'get',
      at,
      since: NEVER,
    },
  };
}

/** A complete list that began at `at` did not hold it. */
export function mergeUnlisted<T>(entry: Entry<T>, at: number, lagMs: number): Merged<T> {
  if (at < entry.at || at <= entry.touchedAt + lagMs) return { entry };
  switch (entry.presence.state) {
    case 'present':
      return { entry: { ...entry, presence: suspicion(entry.presence), how: 'list', at } };
    case 'suspectAbsent':
      // Missing twice and not asked for: without an entry it stays a suspicion all the same.
      return { entry: undefined };
    case 'absent':
      return { entry: at > entry.at + ABSENCE_KEPT_MS ? undefined : entry };
  }
}

/** Our own PUT or PATCH came back with this. */
export function mergeWrite<T>(
  entry: Entry<T> | undefined,
  resource: T,
  now: number,
  rules: Pick<Rules<T>, 'sameInstance'>,
): Entry<T> {
  return { ...present(entry, resource, now, 'write', rules), touchedAt: now, touch: 'write' };
}

/** Our own DELETE succeeded, or found nothing. */
export function mergeDelete<T>(entry: Entry<T> | undefined, now: number): Entry<T> {
  return {
    presence: { state: 'absent', by: 'delete', ...(entry && lastOf(entry.presence)) },
    how: 'delete',
    at: now,
    since: NEVER,
    provedAt: NEVER,
    touchedAt: now,
    touch: 'delete',
  };
}

/** A write of ours ended without an answer: what was held may no longer be so, and an absence is open again. */
export function mergeAttempt<T>(entry: Entry<T> | undefined, now: number, lagMs: number): Merged<T> {
  const touched = { touchedAt: now, touch: 'attempt' } as const;
  const readAgainAt = now + lagMs;
  if (!entry)
    return {
      entry: {
        presence: { state: 'suspectAbsent' },
        how: 'write',
        at: NEVER,
        since: NEVER,
        provedAt: NEVER,
        ...touched,
      },
      readAgainAt,
    };
  const presence = entry.presence.state === 'absent' ? suspicion(entry.presence) : entry.presence;
  return { entry: { ...entry, presence, ...touched }, readAgainAt };
}

function present<T>(
  entry: Entry<T> | undefined,
  resource: T,
  at: number,
  how: 'list' | 'get' | 'write',
  { sameInstance }: Pick<Rules<T>, 'sameInstance'>,
): Entry<T> {
  const before = presentIn(entry);
  const same = entry && before !== undefined && sameInstance(before, resource);
  const touch = entry ? { touchedAt: entry.touchedAt, touch: entry.touch } : UNTOUCHED;
  return {
    presence: { state: 'present', resource },
    how,
    at,
    since: same ? entry.since : at,
    provedAt: how === 'list' ? (same ? entry.provedAt : NEVER) : at,
    ...touch,
  };
}

function suspicion<T>(presence: Presence<T>): Presence<T> {
  return { state: 'suspectAbsent', ...lastOf(presence) };
}

function lastOf<T>(presence: Presence<T>): { last?: T } {
  const last = presence.state === 'present' ? presence.resource : presence.last;
  return last === undefined ? {} : { last };
}
