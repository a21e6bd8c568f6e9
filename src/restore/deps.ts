import type { FederatedCredentials } from '../azure/federated-credentials.ts';
import type { PrincipalStates } from '../azure/graph/directory.ts';
import type { Identities } from '../azure/identities.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { KubeClient } from '../kube/client.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import type { Clock } from '../runtime/time/clock.ts';

export interface RestoreDeps {
  readonly client: KubeClient;
  readonly azure: {
    readonly identities: Pick<Identities, 'get' | 'put'>;
    readonly credentials: Pick<FederatedCredentials, 'list' | 'put'>;
    readonly assignments: Pick<RoleAssignments, 'get' | 'put'>;
    readonly directory: Pick<PrincipalStates, 'of'>;
  };
  /** What no sweep takes, of the installation whose record it is. */
  readonly retained: (installationId: string) => Pick<RetainedRecords, 'add'>;
  readonly clock: Clock;
  /** azid's own. */
  readonly namespace: string;
  /** A line of progress, for people: what was done stays known when a later step fails. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RestoreOptions {
  /** Only reports what it would do. */
  readonly dryRun: boolean;
}

/** Lines for people, in the order in which things were done. */
export interface Restored {
  /** Ids in Azure; with `dryRun` those that would be made. */
  readonly made: readonly string[];
  readonly there: readonly string[];
  /** What only people can do, or must know. */
  readonly left: readonly string[];
}
