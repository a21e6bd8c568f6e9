import { userAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { AzureCaches } from '../cache/caches.ts';
import { ActivityJournal } from '../hints/activity/journal.ts';
import type { HintSink } from '../hints/hint.ts';
import type { KubeClient } from '../kube/client.ts';
import { EventRecorder } from '../kube/events.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import { isOwnedBy } from '../reconcilers/activity/owned.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import type { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import type { Services } from '../reconcilers/services.ts';
import { LastSignIns } from '../reconcilers/sign-ins/last-sign-ins.ts';
import { INDEX, type Stores, storeOf } from '../reconcilers/stores.ts';
import type { Connection } from './azure/connection.ts';
import { hearFromAzure, readSignIns } from './hints.ts';
import { KindController } from './kind-controller.ts';
import type { Leadership } from './leader/leadership.ts';
import { FLUSH_LIMIT_MS, type OperatorOptions } from './options.ts';
import { PermissionChanges } from './permission-changes.ts';
import { servicesOf } from './services.ts';
import { ForeignObjects, listAnew } from './shard/foreign-objects.ts';
import { reportShards } from './shard/report.ts';
import { Shard } from './shard/shard.ts';
import { anyOf, onceCalm } from './waits.ts';

export interface WorkParts {
  readonly options: OperatorOptions;
  readonly kinds: readonly KindDefinition[];
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly leadership: Leadership;
  readonly stores: Stores;
  readonly installationId: string;
  readonly principals: RecordedPrincipals;
  readonly retained: RetainedRecords;
  /** Ends with the work. */
  readonly connection: Connection;
  /** Aborted: nothing leaves the process any more. */
  readonly cut: AbortSignal;
  /** It is to stop, or does not lead any more: nothing is begun with. */
  readonly end: AbortSignal;
  /** Makes the stores show what other shards have written. Absent: there are none. */
  readonly catchUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * What only the leader does: it receives what changes in Azure, and runs a controller for each kind. It knows the kinds by their definitions
 * alone. Disposed when the work ends.
 */
export class Work implements AsyncDisposable {
  readonly #parts: WorkParts;
  readonly #services: Services;
  readonly #journal: ActivityJournal;
  readonly #kinds: readonly KindController[];
  readonly #shard: Shard | undefined;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(parts: WorkParts) {
    this.#parts = parts;
    const { options, kinds, metrics, client, stores, cut, connection, catchUp } = parts;
    const { clock, random, log, instance } = options;
    const shard = this.#ofShard();
    this.#shard = shard;
    const permissions = this.#cleanup.use(new PermissionChanges(stores));
    this.#journal = new ActivityJournal({
      clock,
      self: connection.self,
      isOwned: isOwnedBy(kinds, stores),
    });
    this.#services = this.#connect();
    const events = new EventRecorder({
      client,
      clock,
      random,
      log,
      reportingController: 'azid.dev/controller',
      reportingInstance: instance,
    });
    this.#cleanup.defer(() => (cut.aborted ? undefined : events.flush(FLUSH_LIMIT_MS)));
    const common = {
      services: this.#services,
      client,
      events,
      metrics,
      options,
      permissions,
      journal: this.#journal,
      ...(shard && { shard, catchUp }),
    };
    this.#kinds = kinds.map((kind) =>
      this.#cleanup.use(new KindController(kind, storeOf(kind, stores), common)),
    );
    // Only when all are there: a change of one kind may enqueue another.
    for (const kind of this.#kinds) kind.watch();
    // What runs beside the reconciles belongs to the shard `default`, as all that has no namespace.
    if (!shard || shard.isHome)
      for (const kind of kinds) void kind.background?.(this.#services, log, connection.signal);
    shard?.begin();
  }

  /** The shard that it works for. Absent: it works for the whole. */
  get shard(): Shard | undefined {
    return this.#shard;
  }

  /** What was last read of Azure. */
  get caches(): AzureCaches {
    return this.#services.caches;
  }

  /** Takes hints that something in Azure may have changed. */
  get hints(): HintSink {
    return this.#services.hints;
  }

  /** Nothing runs and nothing is due; what is due later does not count. */
  idle(): boolean {
    return this.#controllers.every((controller) => controller.idle());
  }

  /** Ms until a delayed key is due; undefined when none is. */
  nextDueMs(): number | undefined {
    const due = this.#kinds.flatMap(({ queues }) => queues.flatMap((queue) => queue.nextDueMs() ?? []));
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  /**
   * Until `stop` aborts and what runs has ended, or until leadership is lost. False if something did not heed its
   * signal and still runs: then the Lease must not be given back.
   */
  async run(stop: AbortSignal): Promise<boolean> {
    const { leadership, cut, options, connection } = this.#parts;
    const lostOrCut = anyOf([leadership.lost, cut], this.#cleanup);
    const { clock, collectGarbage } = options;
    const { signal } = connection;
    if (collectGarbage) void onceCalm({ clock, idle: () => this.idle(), signal }, collectGarbage);
    await Promise.all(this.#controllers.map((controller) => controller.run(stop, lostOrCut)));
    return this.#controllers.every((controller) => controller.running === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // First: what is awaited below may itself wait for a rate limit, as long as Azure asked for.
    this.#parts.connection.end();
    await this.#cleanup.disposeAsync();
  }

  get #controllers() {
    return this.#kinds.flatMap(({ controllers }) => controllers);
  }

  /** Absent: this process works on everything. */
  #ofShard(): Shard | undefined {
    const { options, client, stores, metrics, principals, retained, connection, catchUp } = this.#parts;
    const { shard: given } = options;
    if (!given) return undefined;
    const { caches } = connection;
    const signal = anyOf([connection.signal, this.#parts.end], this.#cleanup);
    const shard = new Shard({
      options: { ...options, shard: given },
      client,
      stores,
      signal,
      prepare: async (names) => {
        // What was written last need not be in the stores: a status that comes late would pass for another writer's.
        await catchUp?.(signal);
        const uids = names.flatMap((name) => stores.identities.byIndex(INDEX.namespace, name));
        await Promise.all([
          retained.refresh(signal),
          principals.reload(new Set(uids.map(({ metadata }) => metadata.uid)), signal),
        ]);
      },
    });
    this.#cleanup.use(shard);
    this.#cleanup.use(shard.taken.onChange((name) => listAnew(name, this.#parts.kinds, stores, caches)));
    this.#cleanup.use(reportShards({ shard, options, client, stores, metrics: metrics.shards, signal }));
    return shard;
  }

  /** Receives what changes in Azure, and makes what the kinds share. */
  #connect(): Services {
    const { options, kinds, metrics, client, stores, installationId, principals, retained, connection } =
      this.#parts;
    const { clock } = options;
    const shard = this.#shard;
    const isOf = (kind: KindDefinition | undefined) => kind && shard?.of(kind).isMine;
    const { azure, caches, ownCalls, arrivals, signal } = connection;
    this.#cleanup.defer(() => connection.stop());
    metrics.caches(() => caches.parts());
    for (const kind of kinds) kind.series?.(metrics, { stores, clock });
    const journal = this.#journal;
    const receivesFor = isOf(kinds.find(({ sharded }) => sharded === 'byLabel'));
    const { cacheHints, ...heard } = hearFromAzure(
      { options, azure, caches, ownCalls, arrivals, journal, client, metrics, signal, receivesFor },
      this.#cleanup,
    );
    if (shard) {
      const of = (kind: KindDefinition) => shard.of(kind);
      this.#cleanup.use(new ForeignObjects({ kinds, stores, of, caches, hints: cacheHints, clock }));
    }
    const isMine = isOf(kinds.find(({ resource }) => resource.kind === userAssignedIdentity.resource.kind));
    const signIns = options.signIns ? new LastSignIns() : undefined;
    if (signIns) this.#cleanup.use(readSignIns(options, metrics, { signIns, stores }));
    return servicesOf({
      options,
      kinds,
      azure,
      caches,
      signal,
      stores,
      client,
      installationId,
      principals,
      retained,
      signIns,
      onOrphanDeleted: (type) => metrics.orphans.deleted(type),
      ...(isMine && { isAnothers: (key: ObjectKey) => !isMine(key) }),
      ...heard,
    });
  }
}
