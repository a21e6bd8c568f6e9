import type { z } from 'zod';
import type { ManagedObject } from '../api/schema/common.ts';
import type { ObjectKey, Resource } from '../kube/types.ts';
import type { OrphanMetrics } from '../orphans/report.ts';
import type { Enqueue, Watch } from '../runtime/controller/watch.ts';
import type { Log } from '../runtime/log.ts';
import type { OwnedInAzure } from './activity/owned.ts';
import type { Decision, FailedAction } from './decision.ts';
import type { Hold } from './holds.ts';
import type { KindReconciler } from './kind.ts';
import type { Services, SharedServices } from './services.ts';
import type { StoreDefinition } from './stores.ts';

/** The series that single kinds fill. */
interface KindSeries {
  readonly orphans: Pick<OrphanMetrics, 'sweeps'>;
}

/**
 * A kind of custom resource as a value: all that the operator needs to run it. A kind is one folder whose `index.ts` is
 * this, and one line in `src/operator/registry.ts` (CONTRIBUTING, "Add a kind"). Members are methods, so that a list of
 * definitions of different kinds has one type: the operator gives each only objects of its own store.
 */
export interface KindDefinition<
  T extends ManagedObject = ManagedObject,
  Facts = unknown,
  Action extends { readonly type: string } = { readonly type: string },
  Status extends object = object,
  Made extends Decision<Action, Status> = Decision<Action, Status>,
> {
  /** In logs, metrics and queue names: the kind in lower case. */
  readonly name: string;
  readonly resource: Resource<T>;
  readonly store: StoreDefinition<T>;
  /** Of its schema: what is believed of a status that this process did not write (`status/remembered.ts`). */
  readonly status: z.ZodObject;
  /** The identities that its objects keep from being deleted. Absent: none. */
  readonly holds?: readonly Hold<T, SharedServices>[];
  /**
   * Which shard reconciles an object: that of its namespace, or the one that a label of its own names. Absent: the shard `default`, since
   * objects of several namespaces meet in it, or take leave of each other in one process (docs/design/2026-11-29-sharding.md).
   */
  readonly sharded?: 'byNamespace' | 'byLabel';
  /** In whose turns of the queue an object is reconciled. Absent: in those of its own namespace. */
  namespacesOf?(key: ObjectKey, services: Services): readonly string[];
  /** What enqueues its objects. */
  watches(services: Services): readonly Watch[];
  /** See `Kind.ownedInAzure`. */
  readonly ownedInAzure?: OwnedInAzure<T>;
  /** See `Kind.removals`. */
  readonly removals?: readonly Action['type'][];
  /** Pure: from what was observed to actions, a status and the time of the next reconcile. */
  decide(object: T, facts: Facts, failed?: FailedAction<Action>): Made;
  /** Fills series of its own, beside those that every kind has. Absent: none. */
  series?(metrics: KindSeries, shown: Pick<Services, 'stores' | 'clock'>): void;
  /** Goes on beside its reconciles while this process leads; never rejects. Absent: nothing does. */
  background?(services: Services, log: Log, signal: AbortSignal): Promise<void>;
  /** Begins to work: what observes and performs, with what this process remembers. `enqueue`: its own objects. */
  start(services: Services, enqueue: Enqueue): KindReconciler<T, Facts, Action, Status, Made>;
}
