import type { AzureIdentity } from '../azure/azure-identity.ts';

/** By which road an observation came. `event` is for the door in `IdentityMirror.suspect`; nothing stores it yet. */
export type How = 'list' | 'get' | 'write' | 'delete' | 'event';

/** What is held to be so. */
export type Seen =
  | { readonly state: 'present'; readonly identity: AzureIdentity }
  /** Proven: by a live GET, or by our own DELETE. `last`: what it was, if ever seen. */
  | { readonly state: 'absent'; readonly by: 'get' | 'delete'; readonly last?: AzureIdentity }
  /** Missing where it should show. Only a live GET can tell. */
  | { readonly state: 'suspectAbsent'; readonly last?: AzureIdentity };

/** One identity in the mirror. All times are monotonic ms. Never changed in place: the merge rules return a new one. */
export interface Entry {
  readonly seen: Seen;
  readonly how: How;
  /** When the request behind `seen` began; for our own writes, when they ended. */
  readonly at: number;
  /** Since when it is known to be there under its present principal; -Infinity if it is not. */
  readonly since: number;
  /** When a GET or an own write last proved it there. -Infinity = only lists showed it. */
  readonly provedAt: number;
  /** Our last write, deletion, or attempt of unknown effect: until `lag` later Azure may still show what was before. */
  readonly touchedAt: number;
  readonly touch: 'none' | 'write' | 'delete' | 'attempt';
}

/** What readers get. Ages count from when the request began, so they are never too young. */
export type Observation =
  | { readonly state: 'present'; readonly identity: AzureIdentity; readonly how: How; readonly ageMs: number }
  | { readonly state: 'absent'; readonly provenBy: 'get' | 'delete'; readonly ageMs: number }
  | { readonly state: 'suspectAbsent' }
  /** Never looked at, and its subscription is not loaded. */
  | { readonly state: 'unknown' };

export function observationOf(entry: Entry, now: number): Observation {
  const ageMs = Math.max(0, now - entry.at);
  switch (entry.seen.state) {
    case 'present':
      return { state: 'present', identity: entry.seen.identity, how: entry.how, ageMs };
    case 'absent':
      return { state: 'absent', provenBy: entry.seen.by, ageMs };
    case 'suspectAbsent':
      return { state: 'suspectAbsent' };
  }
}
