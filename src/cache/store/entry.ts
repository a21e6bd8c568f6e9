/** What a cache can hold. */
export interface CachedResource {
  /** ARM id, spelt as Azure gave it. */
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
}

/** By what kind of call an observation came. */
export type How = 'list' | 'get' | 'write' | 'delete';

/** What is held to be so. */
export type Presence<T> =
  | { readonly state: 'present'; readonly resource: T }
  /** Proven: by a live GET, or by our own DELETE. `last`: what it was, if ever observed. */
  | { readonly state: 'absent'; readonly by: 'get' | 'delete'; readonly last?: T }
  /** Missing where it should show. Only a live GET can settle it. */
  | { readonly state: 'suspectAbsent'; readonly last?: T };

/** One resource in the cache. All times are monotonic ms. Never changed in place: the merge rules return a new one. */
export interface Entry<T> {
  readonly presence: Presence<T>;
  readonly how: How;
  /** When the request behind `presence` began; for our own writes, when they ended. */
  readonly at: number;
  /** Since when it is known to be there as the same instance (an identity: under its present principal); -Infinity if it is not. */
  readonly since: number;
  /** When a GET or an own write last proved it there. -Infinity = only lists showed it. */
  readonly provedAt: number;
  /** Our last write, deletion, or attempt of unknown effect: until `lag` later Azure may still show what was before. */
  readonly touchedAt: number;
  readonly touch: 'none' | 'write' | 'delete' | 'attempt';
}

/** What readers get. Ages count from when the request began, so they are never too young. */
export type Observation<T> =
  | { readonly state: 'present'; readonly resource: T; readonly how: How; readonly ageMs: number }
  | { readonly state: 'absent'; readonly provenBy: 'get' | 'delete'; readonly ageMs: number }
  | { readonly state: 'suspectAbsent' }
  /** Never read, and its list is not loaded. */
  | { readonly state: 'unknown' };

export function observationOf<T>(entry: Entry<T>, now: number): Observation<T> {
  const ageMs = Math.max(0, now - entry.at);
  switch (entry.presence.state) {
    case 'present':
      return { state: 'present', resource: entry.presence.resource, how: entry.how, ageMs };
    case 'absent':
      return { state: 'absent', provenBy: entry.presence.by, ageMs };
    case 'suspectAbsent':
      return { state: 'suspectAbsent' };
  }
}

/** What is held to be there. */
export function presentIn<T>(entry: Entry<T> | undefined): T | undefined {
  return entry?.presence.state === 'present' ? entry.presence.resource : undefined;
}

/** Whether a reader would decide otherwise. An absence learnt of something never observed is no news. */
export function readsOtherwise<T>(
  before: Entry<T> | undefined,
  after: Entry<T> | undefined,
  sameContent: (left: T, right: T) => boolean,
): boolean {
  const [was, is] = [before?.presence, after?.presence];
  if (is?.state === 'present') return was?.state !== 'present' || !sameContent(was.resource, is.resource);
  // Without an entry a listed area still means a suspicion, so forgetting one changes nothing.
  if (!was || !is) return was?.state === 'present';
  return was.state !== is.state;
}
