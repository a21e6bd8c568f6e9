import { MAX_LISTED_CANDIDATES } from '../api/orphan-sweep.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { ObservedIdentity, OrphanType } from './observed.ts';
import { type KeepReason, type OrphanReason, type StopReason, WITHOUT_OWNER } from './reasons.ts';

/** What a run of a sweep comes to: what it found, what becomes of each, and what may be deleted next. Plain data. */

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

/** What becomes of a candidate. `why`: for the message. */
export type Verdict =
  /** It is deleted next, after a read of Azure itself. */
  | { readonly type: 'due' }
  /** Grace period: due at this wall time. */
  | { readonly type: 'waiting'; readonly until: number }
  /** Something keeps it, named. */
  | { readonly type: 'kept'; readonly because: KeepReason; readonly why: string }
  /** Nothing is ever done about it, or the mode is Report: `why` says what would be done. */
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
  /** In the order in which they are listed where there is not room for all (`MAX_LISTED_CANDIDATES`): what may go first, then the oldest. */
  readonly candidates: readonly Candidate[];
  /** In how many things of this installation the candidates were found: of each type, what `limits.maxShare` is a share of. */
  readonly evaluated: Readonly<Record<OrphanType, number>>;
  /** How many of what was observed are neither listed nor touched. */
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

/** What is deleted first: what was to end, rights, credentials, and identities when nothing of theirs is left. */
function rank({ type, reason }: Candidate): number {
  if (reason === 'Ended') return 0;
  return { RoleAssignment: 1, FederatedIdentityCredential: 2, Identity: 3 }[type];
}

export function inOrder(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted((a, b) => rank(a) - rank(b) || a.since - b.since || byKey(a, b));
}

/** What only a person can resolve must not take up the room of what may be deleted. */
export function forListing(candidates: readonly Candidate[]): readonly Candidate[] {
  const place = ({ reason, clearSince }: Candidate) =>
    WITHOUT_OWNER.has(reason) ? (clearSince === undefined ? 1 : 0) : reason === 'OwnerUnknown' ? 2 : 3;
  return candidates.toSorted((a, b) => place(a) - place(b) || a.since - b.since || byKey(a, b));
}

/**
 * What is not listed cannot be confirmed: it counts as listed from when there is room for it, whether or not the process that evaluates
 * remembers it from before.
 */
export function withRoom(now: number): (candidate: Candidate, at: number) => Candidate {
  return (candidate, at) => {
    if (at < MAX_LISTED_CANDIDATES) return candidate;
    const { clearSince: _, ...rest } = candidate;
    const why = `${MAX_LISTED_CANDIDATES} others are listed before it, and it is looked at when there is room`;
    return { ...rest, since: now, verdict: { type: 'kept', because: 'NotListed', why } };
  };
}

function byKey(a: Candidate, b: Candidate): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/**
 * Identities some of whose own assignments are listed and not due: of a principal that is gone they would stay for ever. One that is not
 * listed at all lies outside of the sweep's scopes; the reads directly before the deletion find it (`recheck`).
 */
export function behindLeftovers(
  candidates: readonly Candidate[],
  identities: readonly ObservedIdentity[],
  assignments: ReadonlySet<string>,
): readonly Candidate[] {
  const due = new Set(candidates.filter(({ verdict }) => verdict.type === 'due').map(({ key }) => key));
  const leftovers = new Map(identities.map(({ key, leftovers: ids }) => [key, ids]));
  return candidates.map((candidate) => {
    if (candidate.type !== 'Identity' || candidate.verdict.type !== 'due') return candidate;
    const waits = (leftovers.get(candidate.key) ?? []).find(
      (id) => assignments.has(armKey(id)) && !due.has(armKey(id)),
    );
    if (waits === undefined) return candidate;
    const why = `role assignment ${waits} of it goes first, and is not due`;
    return { ...candidate, verdict: { type: 'kept', because: 'LeftoversFirst', why } };
  });
}

/** The state of a sweep for metrics, by its status: `src/observability/metrics/` makes series of it. */
export interface SweepSample {
  readonly sweep: string;
  /** Since its last run began, ms; undefined: none did. */
  readonly ageMs: number | undefined;
  readonly candidates: readonly {
    readonly type: string;
    readonly reason: string;
    readonly verdict: string;
  }[];
}

export interface OrphanMetrics {
  deleted(type: string): void;
  /** Sets the function from which the sweeps are read. */
  sweeps(source: () => Iterable<SweepSample>): void;
}
