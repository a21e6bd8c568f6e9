import type { OrphanRecordSpec } from '../../api/orphan-record.ts';
import type { OrphanSweepStatus } from '../../api/orphan-sweep.ts';
import type { LiveOwner, LiveThing } from '../../orphans/live.ts';
import type { Objects } from '../../orphans/objects.ts';
import type { SweepObservation } from '../../orphans/observed.ts';
import type { KeepReason } from '../../orphans/reasons.ts';
import type { RetainedEntry, RetainedKind } from '../../orphans/records/retained-index.ts';
import type { Candidate, Memory, SweepReport } from '../../orphans/report.ts';
import type { SweepSpec } from '../../orphans/spec.ts';
import type { CommonAction, Decision, FailedAction, Failure, ReconcileEvent } from '../decision.ts';
import type { ClaimWrite, ObservedClaim } from './run/claim.ts';
import type { Scopes } from './settings.ts';

export interface Facts {
  /** Wall ms. */
  readonly now: number;
  readonly scopes: Scopes;
  /** From the beginning of a run to that of the next. */
  readonly intervalMs: number;
  readonly spec: SweepSpec;
  /** The annotation that confirms has another value than at the last run of this process. */
  readonly newlyConfirmed: boolean;
  /** A person asks for a run now. */
  readonly requested: boolean;
  /** The claim on the installation; absent: nothing is to be deleted, or it was renewed lately and no run asks. */
  readonly claim?: ObservedClaim | undefined;
  /** When the claim is to be renewed, wall ms. */
  readonly renewAt?: number | undefined;
  /** Of the run that is under way; absent: none is, or nothing was read for it yet. */
  readonly run?: RunFacts | undefined;
}

export type RunFacts =
  /** First lists are under way. */
  | { readonly state: 'loading'; readonly why: string }
  /** Azure asked to come back later. */
  | { readonly state: 'heldBack'; readonly failure: Failure }
  | ObservedRun;

export interface ObservedRun {
  readonly state: 'observed';
  readonly observed: SweepObservation;
  readonly objects: Objects;
  /** As the run before left it. */
  readonly before: Memory;
  readonly unused: readonly Unused[];
  /** What this run kept after reading Azure itself. */
  readonly checked: ReadonlyMap<string, Checked>;
  /** What was read live for this decision, by key of the candidate. */
  readonly live: ReadonlyMap<string, LiveRead>;
  /** Key of the candidate that was recorded in this run, and is now read once more before it is deleted. */
  readonly recorded?: string | undefined;
  /** Names of the OrphanRecords of this run's deletions, begun or done: they count against its limit. */
  readonly counted: ReadonlySet<string>;
  /** What is to be put on record of what was there before the records of what is retained began. */
  readonly baselines: readonly Baseline[];
  /** On record as retained, or as unproven, and not so any more. */
  readonly settled: readonly RetainedEntry[];
  /** Names of records whose things are gone, where a process died before it wrote the deletion. */
  readonly unconfirmed?: readonly string[];
  /** Now, monotonic ms. */
  readonly monotonic: number;
  /** Ms until the next deletion may begin. */
  readonly paceMs: number;
}

export interface Baseline {
  readonly kind: RetainedKind;
  readonly scope: string;
  /** What has no object there. */
  readonly ids: readonly string[];
}

export interface Unused {
  readonly id: string;
  readonly since: number;
}

export interface LiveRead {
  readonly thing: LiveThing;
  /** When the first of these reads began, monotonic ms. */
  readonly begunAt: number;
  /** As the API server itself has it. */
  readonly owner: LiveOwner;
  /** From which it can be made again, with what goes before it. Absent: it is not there, or could not be read. */
  readonly record?: OrphanRecordSpec;
}

/** What is read of a candidate, and why it is deleted. */
export type ReadTarget = Pick<Candidate, 'type' | 'id' | 'key' | 'reason' | 'owner'>;

/** The name under which a decision asks for a live read: it holds all that the read needs. */
export function liveReadOf({ type, id, key, reason, owner }: ReadTarget): string {
  return JSON.stringify({
    type,
    id,
    key,
    reason,
    ...(owner !== undefined && { owner }),
  } satisfies ReadTarget);
}

export function liveReadNamed(name: string): ReadTarget {
  return JSON.parse(name) as ReadTarget;
}

export type Checked =
  | { readonly type: 'kept'; readonly because: KeepReason; readonly why: string }
  | { readonly type: 'absent' };

export type OwnStatus = Pick<
  OrphanSweepStatus,
  'candidates' | 'candidatesTotal' | 'unused' | 'run' | 'history' | 'nextRunTime'
>;

export type Action =
  | CommonAction<OwnStatus>
  /** Renews the claim of this cluster on the installation. */
  | { readonly type: 'claim'; readonly write: ClaimWrite; readonly event: ReconcileEvent }
  | ({ readonly type: 'baseline' } & Baseline)
  | { readonly type: 'forgetRetained'; readonly entries: readonly RetainedEntry[] }
  | { readonly type: 'confirmRecord'; readonly recordName: string }
  /** Written and confirmed before anything is deleted. */
  | {
      readonly type: 'record';
      readonly key: string;
      readonly name: string;
      readonly record: OrphanRecordSpec;
    }
  | {
      readonly type: 'delete';
      readonly of: Candidate['type'];
      readonly id: string;
      /** Key of the candidate. */
      readonly key: string;
      readonly recordName: string;
      readonly event: ReconcileEvent;
    };

export type Failed = FailedAction<Action>;

export interface SweepDecision extends Decision<Action, OwnStatus> {
  /** For this process: what was kept after a read of Azure itself. */
  readonly checked?: ReadonlyMap<string, Checked>;
  /** For this process: the run is over, and came to this. */
  readonly finished?: Pick<SweepReport, 'candidates'>;
  /** When to come back, exactly; wall ms. */
  readonly comeBackAt?: number;
}
