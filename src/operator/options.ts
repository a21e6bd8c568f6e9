import type { TokenCredential } from '@azure/identity';
import type { Intercept } from '../azure/arm/arm-policies.ts';
import type { Cloud } from '../azure/arm/clouds.ts';
import type { Limits } from '../azure/limits.ts';
import type { KubeEndpoint } from '../kube/access/endpoint.ts';
import type { LeaseTimes } from '../kube/lease/lease-record.ts';
import type { SharedAgent } from '../kube/transport/agent.ts';
import type { Interceptor } from '../kube/transport/request.ts';
import type { ListenAddress } from '../observability/server.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import type { WatchTap } from '../reconcilers/stores.ts';
import type { Log } from '../runtime/log.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { Tracer } from '../runtime/trace.ts';

/** Everything a running azid depends on, passed in: a test starts the same operator on another clock. */
export interface OperatorOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly version: string;

  readonly endpoint: KubeEndpoint;
  /** azid's own namespace. */
  readonly namespace: string;
  readonly installationId?: string;
  readonly takeOver: boolean;
  /** Names this process in the Lease and in Events: the pod, or the host and process. */
  readonly instance: string;
  /** Absent: work without a Lease, as the only process. */
  readonly leaseName?: string;
  /** Works for this shard alone, beside others. Absent: for everything, as the only one. */
  readonly shard?: ShardOptions;
  /** Defaults to client-go's. */
  readonly leaseTimes?: LeaseTimes;
  /** Uid of the pod: a process that was in it before this one is dead. */
  readonly podUid?: string;

  /** Issuer of this cluster's ServiceAccount tokens; absent: found by discovery. */
  readonly clusterIssuer?: string;

  readonly cloud: Cloud;
  readonly credential: TokenCredential;
  readonly tenantId: string;
  /** In place of the hosts of Service Bus namespaces: `sb://127.0.0.1:5671`. */
  readonly serviceBusEndpoint?: string;

  /** What is reconciled. Defaults to azid's own kinds. */
  readonly kinds?: readonly KindDefinition[];
  readonly workers: number;
  readonly resyncIntervalMs: number;
  /** A full round through the credentials of all identities, which have no bulk list; by default six hours. */
  readonly credentialRoundMs?: number;
  /** Read the Activity Log of each subscription in use. Defaults to true. */
  readonly activityLog?: boolean;
  /** Ask Microsoft Graph when identities last signed in. Defaults to false. */
  readonly signIns?: boolean;
  /** Ask Microsoft Graph whether principals still exist. Defaults to false. */
  readonly directory?: boolean;
  /** How long Azure may not show what was just written. */
  readonly azureLagMs: number;
  /** How long a deletion that Azure refuses holds its object. */
  readonly releaseAfterMs: number;

  /** Absent: no probes and metrics are served. */
  readonly listen?: ListenAddress;
  /** Metrics of the process itself, event-loop lag among them. Off where several operators share a process. */
  readonly processMetrics?: boolean;
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer;

  /** Gives back what a start left in memory; called once when it is over. Defaults to leaving that to V8. */
  readonly collectGarbage?: () => void;

  /** Azure's buckets; defaults to Azure's figures. */
  readonly limits?: Limits;
  /** Stand between azid and the wire, for the crash harness. */
  readonly interceptKube?: Interceptor;
  readonly interceptArm?: Intercept;
  /** The same for the Lease's own connection: a leader cut off from its API server. */
  readonly interceptLease?: Interceptor;
  /** Connections to the API server that outlive the operator: tests start one after the other. Defaults to some of its own. */
  readonly agent?: SharedAgent;
  /** Stands between the watches and their stores. */
  readonly tapWatch?: WatchTap;
  /** Lists as the beginning of the watch. Defaults to true; a test on a fake clock must see a list as a call that is open. */
  readonly streamLists?: boolean;
  /** Silence that ends a watch, ms of the clock. For a clock that runs ahead of the API server's own, to which a minute is nothing. */
  readonly watchIdleMs?: number;
}

interface ShardOptions {
  readonly name: string;
  /** How many there are: each takes an equal part of Azure's limits. */
  readonly count: number;
  /** Of the shard `default`; that of each other one begins with it. */
  readonly leaseName: string;
}

/** Time limit of one call to Azure: creating an identity takes about a second, so this is generous. */
export const AZURE_CALL_LIMIT_MS = 60_000;
/** Caches that are not full by then will not be: the process ends and says which (docs/kubernetes.md section 3). */
export const SYNC_LIMIT_MS = 120_000;
/** What is left of Events is written within this when azid stops. */
export const FLUSH_LIMIT_MS = 5_000;
