import type { AssignmentExpiry, AssignmentExpiryStatus } from '../../api/assignment-expiry.ts';
import type {
  CommonAction,
  Decision,
  FailedAction,
  Failure,
  OwnStatusOf,
  ReconcileEvent,
} from '../decision.ts';
import type { ObservedAssignment } from '../role-grant/observed.ts';

/** What `observe` brings and `decide` decides from, and when an object ends: plain data, so that a table can hold it. */

/** A RoleGrant that lives, asks for the assignment, and may have it now. */
export interface Claim {
  readonly key: string;
  /** Wall ms, in the future; absent: without an end. */
  readonly endsAt?: number;
  readonly condition?: string;
}

export type AssignmentNow = Extract<ObservedAssignment, { state: 'present' | 'absent' | 'unreadable' }>;

export interface Facts {
  /** Wall time, ms. */
  readonly now: number;
  readonly installationId: string;
  /** `spec.assignmentId` is no id of an assignment. */
  readonly problem?: string;
  /** Owners that live: their own reconcile removes what has ended, and reports it. */
  readonly living: readonly string[];
  /** Those of them whose status still names the assignment. */
  readonly showing: readonly string[];
  /** Read for this decision; absent: nothing depends on it yet. */
  readonly azure?: AssignmentNow;
  readonly claims: readonly Claim[];
  /** Whether a living RoleGrant may have the assignment for longer is not known. */
  readonly unclear?: Failure;
  /** The same, since this is being read for the first time. */
  readonly loading?: string;
  /**
   * For how long after the end that may keep it, ms: from then on only grants that are known to have it count, since
   * an end binds.
   */
  readonly releaseAfterMs: number;
  /** For how long after the end a write of a dead process may still make the assignment, ms. */
  readonly openMs: number;
}

export type OwnStatus = OwnStatusOf<AssignmentExpiryStatus>;

export type Action =
  | CommonAction<OwnStatus>
  | { readonly type: 'deleteAssignment'; readonly id: string; readonly event: ReconcileEvent }
  /** Only as it was observed: an owner that was recorded meanwhile keeps it. */
  | { readonly type: 'deleteSelf' };

/** The action that failed just before, if one did. */
export type Failed = FailedAction<Action>;

export type ExpiryDecision = Decision<Action, OwnStatus>;
export type { AssignmentExpiry };

/** So long the RoleGrant itself has to remove what has ended, and to report it to its owner. */
export const HANDOVER_MS = 30_000;

/** Wall ms; undefined while an owner has none. */
export function lastEnd({ spec }: AssignmentExpiry): number | undefined {
  const ends = spec.owners.map(({ expiresAt }) =>
    // What cannot be read is over.
    expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) || 0,
  );
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : undefined;
}
