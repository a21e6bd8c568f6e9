import type { AzureCaches } from '../cache/caches.ts';
import type { HintSink } from '../hints/hint.ts';
import { namespaces } from '../kube/builtin.ts';
import { KubeClient } from '../kube/client.ts';
import { tracedWrites } from '../kube/transport/traced.ts';
import { type Interceptor, KubeTransport } from '../kube/transport/transport.ts';
import { EventLoop } from '../observe/health/event-loop.ts';
import { Health } from '../observe/health/health.ts';
import { Metrics } from '../observe/metrics/metrics.ts';
import { type ObserveServer, startObserveServer } from '../observe/server.ts';
import type { RetainedRecords } from '../orphans/records/retained.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import type { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import { createWatches, type Stores, type WatchedResource, type Watches } from '../reconcilers/stores.ts';
import { AZURE_RESOURCES } from './azure/azure-resources.ts';
import { Connection } from './azure/connection.ts';
import { useOwnedAreas } from './azure/owned-areas.ts';
import { onlyLeaderWrites, unlessCut } from './leader/guards.ts';
import { HeadStart } from './leader/head-start.ts';
import { claimInstallation, readInstallation, whenHandedOver } from './leader/installation.ts';
import { campaign, type Leadership } from './leader/leadership.ts';
import { untilAnswered } from './leader/until-answered.ts';
import type { OperatorOptions } from './options.ts';
import { principalsOf, retainedOf } from './records.ts';
import { KINDS } from './registry.ts';
import { SharedCatchUp } from './shard/catch-up.ts';
import { leaseAnnotations } from './shard/shard.ts';
import { anyOf, waitUntil } from './signals.ts';
import { whenAllSynced } from './synced.ts';
import { Work, type WorkParts } from './work.ts';

/** Why a run ended. */
export type RunEnd =
  | { readonly type: 'stopped' }
  | { readonly type: 'leadershipLost'; readonly why: string }
  /** Another cluster gets what this installation has: it must not be started here again. */
  | { readonly type: 'handedOver'; readonly why: string };

/** It has a few seconds. */
const HEAD_START_AGAIN_MS = 250;

/**
 * One azid: watches, caches, queues and controllers, wired and run in order (docs/kubernetes.md section 6, "Start order"):
 * probes, the claim, caches, leadership, work; and stopped in the reverse order.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #kinds: readonly KindDefinition[];
  readonly #metrics: Metrics;
  readonly #health = new Health();
  /** Aborts for `kill`: nothing leaves the process any more. */
  readonly #cut = new AbortController();
  /** Aborts for `fail` as well: nothing but the Lease. */
  readonly #failed = new AbortController();
  #server: ObserveServer | undefined;
  #stores: Stores | undefined;
  #work: Work | undefined;
  #synced = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#kinds = options.kinds ?? KINDS;
    this.#metrics = new Metrics({ azureResources: AZURE_RESOURCES, process: options.processMetrics ?? true });
  }

  /** Where probes and metrics are served; undefined when they are not. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  get stores(): Stores | undefined {
    return this.#stores;
  }

  /** What Azure was last seen to hold; only while this process leads. */
  get caches(): AzureCaches | undefined {
    return this.#work?.caches;
  }

  /** Where word from Azure goes that something may have changed; only while this process leads. */
  get hints(): HintSink | undefined {
    return this.#work?.hints;
  }

  /** True once every cache holds its first list; for followers too. */
  get ready(): boolean {
    return this.#synced;
  }

  /** True while this process leads and its controllers run. */
  get working(): boolean {
    return this.#work !== undefined;
  }

  /** Nothing runs and nothing is due; what is due later does not count. */
  idle(): boolean {
    return this.#work?.idle() ?? false;
  }

  /** Ms until a delayed key is due; undefined when none is. */
  nextDueMs(): number | undefined {
    return this.#work?.nextDueMs();
  }

  /** As if the process had died: no call leaves it any more, the Lease is not given back. */
  kill(): void {
    this.#cut.abort(new Error('killed'));
    this.#failed.abort(new Error('killed'));
  }

  /** Something is broken in this process: it ends at once, and so that another one has its place within a second. `run` rejects with it. */
  fail(error: unknown): void {
    this.#failed.abort(error);
  }

  /** Runs until `stop` aborts or leadership is lost. Rejects when it cannot start, with a message that says why. */
  async run(stop: AbortSignal): Promise<RunEnd> {
    const {
      listen,
      clock,
      endpoint,
      log,
      version,
      interceptKube,
      tapWatch,
      streamLists = true,
      watchIdleMs,
      tracer,
    } = this.#options;
    await using cleanup = new AsyncDisposableStack();
    const background = new AbortController();
    const failed = this.#failed.signal;
    const begin = anyOf([stop, failed], cleanup);
    failed.addEventListener('abort', () => background.abort(failed.reason), { once: true });

    const loop = cleanup.use(new EventLoop({ clock }));
    this.#health.add('healthz', 'event-loop', loop.check);
    this.#health.add('readyz', 'caches', () => (this.#synced ? undefined : 'the caches are not synced yet'));
    if (listen) {
      this.#server = cleanup.use(
        await startObserveServer({
          address: listen,
          flag: '--listen-address',
          health: this.#health,
          metrics: this.#metrics,
          onError: (error) => log.warn({ error }, 'the server of probes and metrics failed and goes on'),
        }),
      );
    }

    const onRequest = this.#metrics.restClient(new URL(endpoint.server).host);
    const transport = (cut: AbortSignal, intercept?: Interceptor) => {
      const made = new KubeTransport({
        endpoint,
        clock,
        userAgent: `azid/${version}`,
        onRequest,
        intercept: unlessCut(cut, intercept),
        ...(watchIdleMs !== undefined && { pingMs: watchIdleMs }),
      });
      cleanup.defer(() => made.close());
      return made;
    };
    // The Lease has a connection of its own: a busy queue must not delay a renewal.
    const leaseClient = new KubeClient(transport(this.#cut.signal, this.#options.interceptLease));
    const claimed = await untilAnswered(
      () => readInstallation(leaseClient, this.#claim, begin),
      this.#options,
      begin,
    );
    if (claimed !== undefined) log.info({ installationId: claimed }, 'installation claimed');
    const leadership = campaign(leaseClient, this.#options, this.#metrics, () =>
      leaseAnnotations(this.#options, this.#work?.shard?.seen),
    );
    const guarded = onlyLeaderWrites(leadership, interceptKube);
    // Not of the Lease, which is renewed every two seconds.
    const client = new KubeClient(transport(failed, tracer ? tracedWrites(tracer, guarded) : guarded));

    const watches = createWatches(this.#kinds, {
      client,
      clock,
      random: this.#options.random,
      log,
      tap: tapWatch,
      streamLists,
      ...(watchIdleMs !== undefined && { idleMs: watchIdleMs }),
      namespace: this.#options.namespace,
    });
    this.#stores = watches.stores;
    const handedOver = whenHandedOver(watches.stores.configMaps, this.#options.namespace, cleanup);
    const end = anyOf([begin, handedOver], cleanup);
    const stopped = (): RunEnd =>
      handedOver.aborted ? { type: 'handedOver', why: handedOver.reason.message } : { type: 'stopped' };
    const first = (await leadership.isFree(end)) ? 'stored' : 'cache';
    const watching = Promise.all(watches.all.map(({ informer }) => informer.run(background.signal, first)));
    cleanup.defer(async () => {
      background.abort();
      await watching;
    });
    for (const { plural, informer } of watches.all) {
      this.#health.add('healthz', `watch-${plural}`, () =>
        informer.stuck ? `the watch of ${plural} has been silent for too long` : undefined,
      );
    }
    await whenAllSynced(watches.all, clock, end);
    this.#synced = true;
    log.info({}, 'caches synced');

    const headStart = cleanup.use(this.#headStart(watches, leadership));
    const leading = leadership.whenLeading(end, (over) => headStart.begin(over));
    if (!(await waitUntil(leading, end))) {
      await leadership.release();
      return stopped();
    }
    try {
      const ended = await this.#lead({ client, leaseClient, leadership, watches, headStart }, end);
      if (leadership.lost.aborted) {
        return { type: 'leadershipLost', why: String((leadership.lost.reason as Error).message) };
      }
      if (failed.aborted && !this.#cut.signal.aborted) throw failed.reason;
      // Only when everything of this process has ended may another one work at once; else the Lease runs out by itself.
      if (ended && !this.#cut.signal.aborted) await leadership.release();
      return stopped();
    } catch (error) {
      // What it began may still be carried out, as after a crash: the Lease is not given back.
      if (!this.#cut.signal.aborted) await leadership.abandon();
      throw error;
    }
  }

  get #claim() {
    const { namespace, installationId, takeOver, shard } = this.#options;
    return {
      namespace,
      takeOver,
      ...(installationId !== undefined && { installationId }),
      ...(shard && { shard }),
    };
  }

  #headStart({ all, stores }: Watches, leadership: Leadership): HeadStart {
    const { clock, log } = this.#options;
    return new HeadStart({
      clock,
      log,
      connect: () => {
        const connection = this.#connect(leadership, stores);
        return { connection, areas: useOwnedAreas(connection.caches, this.#kinds, stores) };
      },
      catchUp: async (signal) => {
        // A connection that nobody used for long may be closed by now.
        const listed = (informer: (typeof all)[number]['informer']) =>
          untilAnswered(() => informer.catchUp(signal), this.#options, signal, HEAD_START_AGAIN_MS);
        await Promise.all(all.map(({ informer }) => listed(informer)));
      },
    });
  }

  #connect(leadership: Leadership, stores: Stores): Connection {
    const { signal: cut } = this.#failed;
    return new Connection({ options: this.#options, metrics: this.#metrics, leadership, stores, cut });
  }

  /**
   * Whatever a process before this one gave stands in the stores from here on: an object that is in none of them is gone, not
   * unseen, so what it had may be taken away (docs/kubernetes.md section 3). Where nobody has led since before the first lists, and
   * these showed what was stored, they do.
   */
  async #catchUp({ all }: Watches, { nobodyBetween }: Leadership, signal: AbortSignal): Promise<void> {
    if (nobodyBetween) return;
    await this.#catchUpOn({ all }, () => true, signal);
    this.#options.log.info({}, 'caught up with the API server');
  }

  async #catchUpOn(
    { all }: Pick<Watches, 'all'>,
    isAsked: (watched: WatchedResource) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const asked = all.filter(isAsked);
    const list = ({ informer }: WatchedResource) =>
      untilAnswered(() => informer.catchUp(signal), this.#options, signal);
    await Promise.all(asked.map(list));
  }

  /** Whatever has an object in a namespace: other shards may have written to it. */
  #sharedCatchUp(watches: Watches): (signal: AbortSignal) => Promise<void> {
    const plurals = new Set(
      this.#kinds.flatMap(({ resource }) => (resource.namespaced ? resource.plural : [])),
    );
    const shared = new SharedCatchUp(() =>
      // Also while azid stops: reconciles that work have some time to end.
      this.#catchUpOn(watches, ({ plural }) => plurals.has(plural), this.#failed.signal),
    );
    return (each) => shared.now(each);
  }

  async #lead(parts: LeadParts, stop: AbortSignal): Promise<boolean> {
    const { watches, client, leaseClient, leadership, headStart } = parts;
    const { stores } = watches;
    await using cleanup = new AsyncDisposableStack();
    const end = anyOf([stop, leadership.lost], cleanup);
    const untilKnown = <T>(call: () => Promise<T>) => untilAnswered(call, this.#options, end);
    let connection: Connection | undefined;
    cleanup.defer(() => connection?.stop());
    let installationId: string;
    let principals: RecordedPrincipals;
    let retained: RetainedRecords;
    try {
      const begun = await headStart.take(end);
      connection = begun?.connection;
      // Again, since nothing may be written before: what was read at the start may have been another leader's to change.
      [installationId] = await Promise.all([
        untilKnown(() => claimInstallation(leaseClient, this.#claim, end, () => leadership.isLeaderNow())),
        begun?.caughtUp ? undefined : this.#catchUp(watches, leadership, end),
        this.#options.shard && this.#catchUpOn(watches, ({ plural }) => plural === namespaces.plural, end),
      ]);
      const kept = { client, options: this.#options, installationId };
      const recorded = principalsOf(kept, stores);
      principals = recorded.principals;
      const left = retainedOf(kept);
      retained = left;
      await Promise.all([untilKnown(() => recorded.load(end)), untilKnown(() => left.load(end))]);
      this.#options.log.info({ installationId, headStart: begun?.caughtUp ?? false }, 'working');
    } catch (error) {
      // Nothing was begun yet.
      if (end.aborted) return true;
      throw error;
    }
    connection ??= this.#connect(leadership, stores);
    await using work = new Work({
      client,
      leadership,
      stores,
      installationId,
      principals,
      retained,
      connection,
      options: this.#options,
      kinds: this.#kinds,
      metrics: this.#metrics,
      cut: this.#failed.signal,
      end,
      ...(this.#options.shard && { catchUp: this.#sharedCatchUp(watches) }),
    });
    this.#work = work;
    try {
      return await work.run(stop);
    } finally {
      this.#work = undefined;
    }
  }
}

interface LeadParts extends Pick<WorkParts, 'client' | 'leadership'> {
  readonly watches: Watches;
  readonly leaseClient: KubeClient;
  readonly headStart: HeadStart;
}
