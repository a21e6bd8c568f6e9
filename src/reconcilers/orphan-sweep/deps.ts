import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import type { AzureCaller } from '../../azure/arm/caller.ts';
import type { CredentialCache } from '../../cache/credentials.ts';
import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import type { Doubt } from '../../orphans/observed.ts';
import type { RetainedRecords } from '../../orphans/records/retained.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { LiveReads, ReconcileContext } from '../kind.ts';
import type { Stores } from '../stores.ts';
import type { LiveDeps } from './live/read.ts';
import type { ObjectsDeps } from './observe/objects.ts';
import type { ObservationDeps } from './observe/observation.ts';
import type { ClaimDeps, ObservedClaim } from './run/claim.ts';
import type { GoneDeps } from './run/gone-retained.ts';
import type { RunMemory, SweepMemory } from './run/memory.ts';
import type { RunReadsDeps } from './run/run-reads.ts';
import type { SweptScope } from './scopes.ts';

export type Use = { use: AreasInUse['use'] };

export interface ObserveDeps
  extends ObservationDeps,
    LiveDeps,
    RunReadsDeps,
    Omit<ClaimDeps, 'identityCache' | 'retained' | 'client' | 'identities' | 'clock'>,
    Omit<ObjectsDeps, 'stores' | 'assignmentCache'> {
  readonly identityCache: ObservationDeps['identityCache'] &
    RunReadsDeps['identityCache'] &
    ObjectsDeps['identityCache'] &
    GoneDeps['identityCache'] &
    LiveDeps['identityCache'] &
    Use;
  readonly assignmentCache: ObservationDeps['assignmentCache'] &
    RunReadsDeps['assignmentCache'] &
    LiveDeps['assignmentCache'] &
    ObjectsDeps['assignmentCache'] &
    GoneDeps['assignmentCache'] &
    Use;
  readonly credentialCache: ObservationDeps['credentialCache'] &
    GoneDeps['credentialCache'] &
    Pick<CredentialCache, 'areaState'> &
    Use;
  readonly hostCache: ObservationDeps['hostCache'] & LiveDeps['hostCache'] & RunReadsDeps['hostCache'];
  readonly client: LiveDeps['client'] & ClaimDeps['client'];
  readonly identities: LiveDeps['identities'] & ClaimDeps['identities'];
  readonly resourceGraph: LiveDeps['resourceGraph'] & RunReadsDeps['resourceGraph'];
  readonly retained: RetainedRecords;
  readonly stores: Stores;
  readonly whoAmI: () => Promise<AzureCaller>;
  readonly clock: Clock;
}

/** What one pass of a run is about. */
export interface Observing {
  readonly claim: ObservedClaim | undefined;
  readonly sweep: OrphanSweep;
  readonly context: ReconcileContext;
  readonly live: LiveReads;
  readonly memory: SweepMemory;
  readonly run: RunMemory;
  readonly scopes: readonly SweptScope[];
}

/** Who azid itself is in Azure, or why that is not known. */
export interface KnownSelf {
  readonly self: AzureCaller | undefined;
  readonly doubts: readonly Doubt[];
}
