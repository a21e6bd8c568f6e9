/** What a run of a sweep comes to: what it found, what becomes of each, and what may be deleted next. Plain data. */

import type { OrphanType } from './observed.ts';
import type { KeepReason, OrphanReason, StopReason } from './reasons.ts';

export interface Candidate {
  readonly type: OrphanType;
  readonly id: string;
  readonly key: string;
  readonly scope: string;
  readonly reason: OrphanReason;
  /** As the marks name it: `namespace/name`; of a credential whose name does not show that, its readable part. */
  readonly owner?: string;
  /** Where the marks name it: marks with another are those of an object made anew. */
  readonly ownerUid?: string;
  /** See `ObservedThing.instance`. */
  readonly instance: string;
  /** Since when it is listed without a break, wall ms. */
  readonly since: number;
  /** Since when nothing is known to keep it: from here the grace period counts. Absent while something does. Goes into `Memory` as well. */
  readonly clearSince?: number;
  readonly verdict: Verdict;
}

/** What becomes of a candidate. `why`: for people. */
export type Verdict =
  /** Nothing but a read of Azure itself stands before its deletion. */
  | { readonly type: 'due' }
  /** Grace period: due at this wall time. */
  | { readonly type: 'waiting'; readonly until: number }
  /** Something keeps it, named. */
  | { readonly type: 'kept'; readonly because: KeepReason; readonly why: string }
  /** Nothing is ever done about it, or the mode is Report: what would be done stands in `why`. */
  | { readonly type: 'reported'; readonly why: string };

/** What one run remembers of the one before, by key: from the status, so bounded and believed only where that is harmless. */
export interface Memory {
  readonly since: ReadonlyMap<string, Remembered>;
}

/** The fields of a candidate as the run before listed it. */
export type Remembered = Pick<
  Candidate,
  'instance' | 'reason' | 'owner' | 'ownerUid' | 'since' | 'clearSince'
>;

export interface SweepReport {
  /** In the order in which they are listed where there is not room for all (`MAX_LISTED`): what may go first, then the oldest. */
  readonly candidates: readonly Candidate[];
  /** In how many things of this installation the candidates were found: of each type, what `limits.maxShare` is a share of. */
  readonly judged: Readonly<Record<OrphanType, number>>;
  /** How many of what was seen are left alone without being listed. */
  readonly untouched: Readonly<Record<'living' | 'retained' | 'otherInstallation' | 'self', number>>;
  /** Why nothing may be deleted now; empty: it may. */
  readonly stops: readonly Stop[];
  /** In the order in which they go, at most as many as the run may still delete. */
  readonly next: readonly Candidate[];
}

export interface Stop {
  readonly reason: StopReason;
  /** Names the remedy. */
  readonly message: string;
}
