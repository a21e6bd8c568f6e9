import type { AzureCaches } from '../cache/caches.ts';
import type { HintSink } from '../hints/hint.ts';
import { KubeClient } from '../kube/client.ts';
import { isTransient } from '../kube/errors.ts';
import { type Interceptor, KubeTransport } from '../kube/transport/transport.ts';
import { EventLoop } from '../observe/health/event-loop.ts';
import { Health } from '../observe/health/health.ts';
import { Metrics } from '../observe/metrics/metrics.ts';
import { type ObserveServer, startObserveServer } from '../observe/server.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import type { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import { createWatches, type Stores, type Watches } from '../reconcilers/stores.ts';
import { sleep } from '../runtime/time/clock.ts';
import { AZURE_RESOURCES } from './azure/azure-resources.ts';
import { onlyLeaderWrites, unlessCut } from './leader/guards.ts';
import { claimInstallation, whenHandedOver } from './leader/installation.ts';
import { campaign, type Leadership } from './leader/leadership.ts';
import { type OperatorOptions, SYNC_LIMIT_MS } from './options.ts';
import { principalsOf, retainedOf } from './records.ts';
import { KINDS } from './registry.ts';
import { anyOf, waitUntil } from './signals.ts';
import { whenAllSynced } from './synced.ts';
import { Work, type WorkParts } from './work.ts';

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
    } = this.#options;
    await using cleanup = new AsyncDisposableStack();
    const background = new AbortController();
    const begin = anyOf([stop, this.#cut.signal], cleanup);
    this.#cut.signal.addEventListener('abort', () => background.abort(this.#cut.signal.reason), {
      once: true,
    });

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
    const transport = (intercept?: Interceptor) => {
      const made = new KubeTransport({
        endpoint,
        clock,
        userAgent: `azid/${version}`,
        onRequest,
        intercept: unlessCut(this.#cut.signal, intercept),
        ...(watchIdleMs !== undefined && { pingMs: watchIdleMs }),
      });
      cleanup.defer(() => made.close());
      return made;
    };
    // The Lease has a connection of its own: a busy queue must not delay a renewal.
    const leaseClient = new KubeClient(transport(this.#options.interceptLease));
    const installationId = await this.#claim(leaseClient, begin);
    log.info({ installationId }, 'installation claimed');
    const leadership = campaign(leaseClient, this.#options, this.#metrics);
    const client = new KubeClient(transport(onlyLeaderWrites(leadership, interceptKube)));

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

    if (!(await waitUntil(leadership.whenLeading(end), end))) {
      await leadership.release();
      return stopped();
    }
    log.info({}, 'working');
    const ended = await this.#lead({ client, leadership, watches, installationId }, end);
    if (leadership.lost.aborted) {
      return { type: 'leadershipLost', why: String((leadership.lost.reason as Error).message) };
    }
    // Only when everything of this process has ended may another one work at once; else the Lease runs out by itself.
    if (ended && !this.#cut.signal.aborted) await leadership.release();
    return stopped();
  }

  /** The claim on the installation; an API server that is not up yet is waited for. */
  async #claim(client: KubeClient, signal: AbortSignal): Promise<string> {
    const { namespace, installationId, takeOver } = this.#options;
    const claim = { namespace, takeOver, ...(installationId !== undefined && { installationId }) };
    return this.#untilAnswered(() => claimInstallation(client, claim, signal), signal);
  }

  async #untilAnswered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, log } = this.#options;
    const until = clock.monotonic() + SYNC_LIMIT_MS;
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted || !isTransient(error) || clock.monotonic() > until) throw error;
        log.warn({ error }, 'the API server does not answer yet');
        await sleep(clock, 2_000, signal);
      }
    }
  }

  /**
   * Whatever a process before this one gave stands in the stores from here on: an object that is in none of them is gone, not
   * unseen, so what it had may be taken away (docs/kubernetes.md section 3). Where nobody has led since before the first lists, and
   * these showed what was stored, they do.
   */
  async #catchUp({ all }: Watches, { nobodyBetween }: Leadership, signal: AbortSignal): Promise<void> {
    if (nobodyBetween) return;
    const lists = all.map(({ informer }) => this.#untilAnswered(() => informer.catchUp(signal), signal));
    await Promise.all(lists);
    this.#options.log.info({}, 'caught up with the API server');
  }

  async #lead(
    {
      watches,
      ...shared
    }: Pick<WorkParts, 'client' | 'leadership' | 'installationId'> & { watches: Watches },
    stop: AbortSignal,
  ): Promise<boolean> {
    const parts = { ...shared, stores: watches.stores };
    await using cleanup = new AsyncDisposableStack();
    const end = anyOf([stop, parts.leadership.lost], cleanup);
    const kept = { ...parts, options: this.#options };
    let principals: RecordedPrincipals;
    const retained = retainedOf(kept);
    try {
      await this.#catchUp(watches, parts.leadership, end);
      const recorded = principalsOf(kept, parts.stores);
      principals = recorded.principals;
      await this.#untilAnswered(() => recorded.load(end), end);
      await this.#untilAnswered(() => retained.load(end), end);
    } catch (error) {
      // Nothing was begun yet.
      if (end.aborted) return true;
      throw error;
    }
    await using work = new Work({
      ...parts,
      principals,
      retained,
      options: this.#options,
      kinds: this.#kinds,
      metrics: this.#metrics,
      cut: this.#cut.signal,
    });
    this.#work = work;
    try {
      return await work.run(stop);
    } finally {
      this.#work = undefined;
    }
  }
}
