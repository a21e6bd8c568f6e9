import { reportingFailures } from '../azure/arm/credential.ts';
import type { AzureCaches } from '../cache/caches.ts';
import type { HintSink } from '../hints/hint.ts';
import { tracedWrites } from '../kube/transport/request.ts';
import { EventLoop, Health } from '../observability/health.ts';
import { Metrics } from '../observability/metrics/metrics.ts';
import { type ObservabilityServer, startObservabilityServer } from '../observability/server.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import { createWatches, type Stores } from '../reconcilers/stores.ts';
import { AZURE_RESOURCES } from './azure/azure-rights.ts';
import { Connection } from './azure/connection.ts';
import { useOwnedAreas } from './azure/owned-areas.ts';
import { lead } from './lead.ts';
import { AsStored } from './leader/as-stored.ts';
import { kubeConnections, onlyLeaderWrites } from './leader/clients.ts';
import { HeadStart } from './leader/head-start.ts';
import { readInstallation, whenHandedOver } from './leader/installation.ts';
import { campaign, type Leadership } from './leader/leadership.ts';
import type { OperatorOptions } from './options.ts';
import { KINDS } from './registry.ts';
import { leaseAnnotations } from './shard/shard.ts';
import { anyOf, untilAnswered, waitUntil, whenAllSynced } from './waits.ts';
import type { Work } from './work.ts';

/** Why a run ended. */
export type RunEnd =
  | { readonly type: 'stopped' }
  | { readonly type: 'leadershipLost'; readonly why: string }
  /** Another cluster gets what this installation has: it must not be started here again. */
  | { readonly type: 'handedOver'; readonly why: string };

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
  #server: ObservabilityServer | undefined;
  #stores: Stores | undefined;
  #work: Work | undefined;
  #synced = false;

  constructor(options: OperatorOptions) {
    this.#kinds = options.kinds ?? KINDS;
    this.#metrics = new Metrics({ azureResources: AZURE_RESOURCES, process: options.processMetrics ?? true });
    const credential = reportingFailures(options.credential, () => this.#metrics.azure.signInFailed());
    this.#options = { ...options, credential };
  }

  /** Where probes and metrics are served; undefined when they are not. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  get stores(): Stores | undefined {
    return this.#stores;
  }

  /** What was last read of Azure; only while this process leads. */
  get caches(): AzureCaches | undefined {
    return this.#work?.caches;
  }

  /** Takes hints that something in Azure may have changed; only while this process leads. */
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

  /** As if the process had been killed: no call leaves it any more, the Lease is not given back. */
  kill(): void {
    this.#cut.abort(new Error('killed'));
    this.#failed.abort(new Error('killed'));
  }

  /** After an error that cannot be handled: the process ends at once, and another one can lead within a second. `run` rejects with it. */
  fail(error: unknown): void {
    this.#failed.abort(error);
  }

  /** Runs until `stop` aborts or leadership is lost. Rejects when it cannot start, with a message that says why. */
  async run(stop: AbortSignal): Promise<RunEnd> {
    const {
      listen,
      clock,
      log,
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
        await startObservabilityServer({
          address: listen,
          flag: '--listen-address',
          health: this.#health,
          metrics: this.#metrics,
          onError: (error) => log.warn({ error }, 'the server of probes and metrics failed and goes on'),
        }),
      );
    }

    const connect = kubeConnections(this.#options, this.#metrics, cleanup);
    // The Lease has a connection of its own: a busy queue must not delay a renewal.
    const leaseClient = connect(this.#cut.signal, this.#options.interceptLease);
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
    const client = connect(failed, tracer ? tracedWrites(tracer, guarded) : guarded);

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

    const { stores } = watches;
    const [kinds, options] = [this.#kinds, this.#options];
    const asStored = new AsStored({ watched: watches.all, kinds, options, cut: failed });
    const headStart = cleanup.use(this.#headStart(stores, leadership, asStored));
    const leading = leadership.whenLeading(end, (over) => headStart.begin(over));
    if (!(await waitUntil(leading, end))) {
      await leadership.release();
      return stopped();
    }
    try {
      const ended = await lead(
        {
          client,
          leaseClient,
          leadership,
          stores,
          kinds,
          options,
          headStart,
          asStored,
          claim: this.#claim,
          metrics: this.#metrics,
          cut: failed,
          connect: () => this.#connect(leadership, stores),
          onWork: (work) => {
            this.#work = work;
          },
        },
        end,
      );
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

  #headStart(stores: Stores, leadership: Leadership, asStored: AsStored): HeadStart {
    const { clock, log } = this.#options;
    return new HeadStart({
      clock,
      log,
      connect: () => {
        const connection = this.#connect(leadership, stores);
        return { connection, areas: useOwnedAreas(connection.caches, this.#kinds, stores) };
      },
      catchUp: (signal) => asStored.forHeadStart(signal),
    });
  }

  #connect(leadership: Leadership, stores: Stores): Connection {
    const { signal: cut } = this.#failed;
    return new Connection({ options: this.#options, metrics: this.#metrics, leadership, stores, cut });
  }
}
