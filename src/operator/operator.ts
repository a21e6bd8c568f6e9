import { hasPendingEdit, type ManagedObject } from '../api/common.ts';
import { AzureError, CallRefused } from '../azure/errors.ts';
import { KubeClient } from '../kube/client.ts';
import { isTransient, KubeError } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events.ts';
import type { Store } from '../kube/store.ts';
import { type Interceptor, KubeTransport } from '../kube/transport.ts';
import { IdentityMirror } from '../mirror/mirror.ts';
import { EventLoop } from '../observe/event-loop.ts';
import { Health } from '../observe/health.ts';
import { Metrics } from '../observe/metrics.ts';
import type { MirrorPart } from '../observe/mirror-series.ts';
import { type ObserveServer, startObserveServer } from '../observe/server.ts';
import { Frame } from '../reconcilers/frame.ts';
import { identityPolicyKind } from '../reconcilers/identity-policy/index.ts';
import { createWatches, type Stores, type Watch } from '../reconcilers/stores.ts';
import { SubscriptionsInUse } from '../reconcilers/subscriptions.ts';
import { userAssignedIdentityKind } from '../reconcilers/user-assigned-identity/index.ts';
import { sleep } from '../runtime/clock.ts';
import { Controller } from '../runtime/controller.ts';
import type { Outcome, Priority } from '../runtime/outcome.ts';
import { WorkQueue } from '../runtime/queue.ts';
import type { Visit } from '../runtime/visit.ts';
import { connectAzure } from './azure.ts';
import { claimInstallation } from './installation.ts';
import { campaign, type Leadership } from './leadership.ts';
import { AZURE_CALL_LIMIT_MS, FLUSH_LIMIT_MS, type OperatorOptions, SYNC_LIMIT_MS } from './options.ts';
import { type Wake, wakeOnAzure, wakeOnKubernetes } from './wake.ts';

/** Every resource type azid calls, so that its series start at zero. */
const AZURE_RESOURCES = ['microsoft.managedidentity/userassignedidentities'];

/** Why a run ended. */
export type RunEnd = { readonly type: 'stopped' } | { readonly type: 'leadershipLost'; readonly why: string };

/**
 * One azid: watches, mirror, queues and controllers, wired and run in order (kubernetes.md section 5, "Start order"):
 * probes, the claim, caches, leadership, work; and stopped in the reverse order.
 */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #metrics: Metrics;
  readonly #health = new Health();
  /** Aborts for `kill`: nothing leaves the process any more. */
  readonly #cut = new AbortController();
  readonly #controllers: Controller[] = [];
  readonly #queues: WorkQueue[] = [];
  #server: ObserveServer | undefined;
  #stores: Stores | undefined;
  #mirror: IdentityMirror | undefined;
  #synced = false;
  #working = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#metrics = new Metrics({ azureResources: AZURE_RESOURCES, process: options.processMetrics ?? true });
  }

  /** Where probes and metrics are served; undefined when they are not. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  get stores(): Stores | undefined {
    return this.#stores;
  }

  get mirror(): IdentityMirror | undefined {
    return this.#mirror;
  }

  /** True once every cache holds its first list; for followers too. */
  get ready(): boolean {
    return this.#synced;
  }

  /** True while this process leads and its controllers run. */
  get working(): boolean {
    return this.#working;
  }

  /** Nothing runs and nothing is due; what is due later does not count. */
  idle(): boolean {
    return this.#working && this.#controllers.every((controller) => controller.idle());
  }

  /** Ms until a delayed key is due; undefined when none is. */
  nextDueMs(): number | undefined {
    const due = this.#queues.flatMap((queue) => queue.nextDueMs() ?? []);
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  /** As if the process had died: no call leaves it any more, the Lease is not given back. */
  kill(): void {
    this.#cut.abort(new Error('killed'));
  }

  /** Runs until `stop` aborts or leadership is lost. Rejects when it cannot start, with a message that says why. */
  async run(stop: AbortSignal): Promise<RunEnd> {
    const { listen, clock, endpoint, log, version, interceptKube } = this.#options;
    await using cleanup = new AsyncDisposableStack();
    const background = new AbortController();
    const end = anyOf([stop, this.#cut.signal], cleanup);
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
        intercept: this.#unlessKilled(intercept),
      });
      cleanup.defer(() => made.close());
      return made;
    };
    // The Lease has a connection of its own: a busy queue must not delay a renewal.
    const leaseClient = new KubeClient(transport());
    const installationId = await this.#claim(leaseClient, end);
    log.info({ installationId }, 'installation claimed');
    const leadership = campaign(leaseClient, this.#options, this.#metrics);
    const client = new KubeClient(transport(onlyLeaderWrites(leadership, interceptKube)));

    const watches = createWatches({ client, clock, random: this.#options.random, log });
    this.#stores = watches.stores;
    const watching = Promise.all(watches.all.map(({ informer }) => informer.run(background.signal)));
    cleanup.defer(async () => {
      background.abort();
      await watching;
    });
    for (const { plural, informer } of watches.all) {
      this.#health.add('healthz', `watch-${plural}`, () =>
        informer.stuck ? `the watch of ${plural} has been silent for too long` : undefined,
      );
    }
    await this.#sync(watches.all, end);
    this.#synced = true;
    log.info({}, 'caches synced');

    if (!(await waitUntil(leadership.whenLeading(end), end))) {
      await leadership.release();
      return { type: 'stopped' };
    }
    log.info({}, 'working');
    await this.#work({ client, leadership, stores: watches.stores, installationId, stop: end });
    if (leadership.lost.aborted) {
      return { type: 'leadershipLost', why: String((leadership.lost.reason as Error).message) };
    }
    // Only now may another process work: everything of this one has ended.
    if (!this.#cut.signal.aborted) await leadership.release();
    return { type: 'stopped' };
  }

  /** The claim on the installation; an API server that is not up yet is waited for. */
  async #claim(client: KubeClient, signal: AbortSignal): Promise<string> {
    const { clock, log, namespace, installationId, takeOver } = this.#options;
    const claim = { namespace, takeOver, ...(installationId !== undefined && { installationId }) };
    const until = clock.monotonic() + SYNC_LIMIT_MS;
    for (;;) {
      try {
        return await claimInstallation(client, claim, signal);
      } catch (error) {
        if (signal.aborted || !isTransient(error) || clock.monotonic() > until) throw error;
        log.warn({ error }, 'the API server does not answer yet');
        await sleep(clock, 2_000, signal);
      }
    }
  }

  /** Nothing works before every cache holds its first list: a missing policy must not look like a denial. */
  async #sync(watches: readonly Watch[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const late = new AbortController();
    using _limit = clock.timer(SYNC_LIMIT_MS, () => {
      const missing = watches.filter(({ store }) => !store.synced).map(({ plural }) => plural);
      late.abort(
        new Error(
          `expected the first list of ${missing.join(', ')} within ${SYNC_LIMIT_MS / 1_000} s, got none; check that the CRDs are installed (kubectl apply -f crds/) and that azid may list them`,
        ),
      );
    });
    const onAbort = () => late.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await Promise.all(watches.map(({ store }) => store.whenSynced(late.signal)));
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #work(parts: {
    readonly client: KubeClient;
    readonly leadership: Leadership;
    readonly stores: Stores;
    readonly installationId: string;
    readonly stop: AbortSignal;
  }): Promise<void> {
    const { client, leadership, stores, installationId, stop } = parts;
    const { clock, random, log, azureLagMs, resyncIntervalMs, releaseAfterMs, instance } = this.#options;
    await using cleanup = new AsyncDisposableStack();
    const ended = new AbortController();
    cleanup.defer(() => ended.abort());

    const azure = connectAzure(this.#options, this.#metrics, () => {
      if (this.#cut.signal.aborted) throw new CallRefused('WriteRefused', 'this process was told to stop');
      if (!leadership.isLeaderNow()) throw new CallRefused('WriteRefused', 'this process no longer leads');
    });
    const mirror = new IdentityMirror({
      identities: azure.identities,
      permissions: azure.permissions,
      clock,
      random,
      signal: ended.signal,
      lagMs: azureLagMs,
      resync: { everyMs: resyncIntervalMs },
      onListFailure: (subscription, error) => log.warn({ subscription, error }, 'list of identities failed'),
    });
    cleanup.defer(() => mirror.stop());
    this.#mirror = mirror;
    const subscriptions = new SubscriptionsInUse(mirror);
    this.#metrics.mirror(() => subscriptions.all.map((subscription) => partOf(mirror, subscription)));

    const events = new EventRecorder({
      client,
      clock,
      random,
      log,
      reportingController: 'azid.dev/controller',
      reportingInstance: instance,
    });
    cleanup.defer(() => (this.#cut.signal.aborted ? undefined : events.flush(FLUSH_LIMIT_MS)));

    const identities = userAssignedIdentityKind({
      ...azure,
      client,
      stores,
      mirror,
      subscriptions,
      clock,
      installationId,
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    });
    const frame = { client, events, clock };
    const identityController = this.#controller(
      identities,
      new Frame(identities, { ...frame, store: stores.identities }),
      stores.identities,
    );
    const policies = identityPolicyKind(stores);
    const policyController = this.#controller(
      policies,
      new Frame(policies, { ...frame, store: stores.policies }),
      stores.policies,
    );

    const wake: Wake = {
      identity: (key, priority) => identityController.enqueue(key, priority),
      policy: (key, priority) => policyController.enqueue(key, priority),
    };
    cleanup.use(wakeOnKubernetes(stores, wake));
    cleanup.use(
      mirror.onChange((key, how) => {
        // What this process wrote itself it knows already.
        if (how !== 'write' && how !== 'delete') wakeOnAzure(stores, wake, key);
      }),
    );
    for (const key of stores.policies.keys()) wake.policy(key, 'resync');
    for (const key of stores.identities.keys()) wake.identity(key, 'resync');

    this.#working = true;
    const lostOrCut = anyOf([leadership.lost, this.#cut.signal], cleanup);
    await Promise.all(this.#controllers.map((controller) => controller.run(stop, lostOrCut)));
    this.#working = false;
  }

  #controller<T extends ManagedObject>(
    kind: { readonly name: string },
    frame: { reconcile(visit: Visit): Promise<Outcome> },
    store: Store<T>,
  ): Controller {
    const { clock, random, log, workers } = this.#options;
    const queue = new WorkQueue({ clock, random, metrics: this.#metrics.queue(kind.name) });
    const controller = new Controller({
      name: kind.name,
      queue,
      clock,
      random,
      log,
      workers,
      reconcile: (visit) => frame.reconcile(visit),
      classify: (key, proposed) => classOf(store.get(key), proposed),
      outcomeOf: outcomeOfError,
      metrics: this.#metrics.controller(kind.name),
    });
    this.#queues.push(queue);
    this.#controllers.push(controller);
    return controller;
  }

  #unlessKilled(intercept?: Interceptor): Interceptor {
    return (request, next) => {
      if (this.#cut.signal.aborted)
        throw new KubeError('this process was told to stop', { reason: 'Aborted' });
      return intercept ? intercept(request, next) : next(request);
    };
  }
}

/** An edit is judged by the object, whatever woke it (design.md section 5.2). */
function classOf(object: ManagedObject | undefined, proposed: Priority): Priority {
  return object && hasPendingEdit(object) ? 'edit' : proposed;
}

/** The one place where thrown errors become outcomes (design.md section 5.3). */
function outcomeOfError(error: unknown): Outcome | undefined {
  if (error instanceof KubeError) {
    const { retryAfterMs } = error;
    return {
      type: 'retry',
      reason: `Kubernetes${error.reason}`,
      error,
      ...(retryAfterMs !== undefined && { notBeforeMs: retryAfterMs }),
    };
  }
  // Azure's failures become conditions in the frame; what comes here is a call azid itself gave up.
  if (error instanceof AzureError) return { type: 'retry', reason: error.code, error };
  return undefined;
}

/** A leader that was stalled must not write after its successor has begun (kubernetes.md section 6). */
function onlyLeaderWrites(leadership: Leadership, intercept?: Interceptor): Interceptor {
  return async (request, next) => {
    if (request.method !== 'GET' && !leadership.isLeaderNow()) {
      throw new KubeError('this process no longer leads; nothing was written', { reason: 'Aborted' });
    }
    return intercept ? intercept(request, next) : next(request);
  };
}

function partOf(mirror: IdentityMirror, subscription: string): MirrorPart {
  return {
    subscription,
    ageMs: mirror.age(subscription),
    entries: mirror.present(subscription).length,
    partial: mirror.completeness(subscription).state === 'partial',
  };
}

/** Aborts with the first of the signals; its listeners go with `cleanup`. Not `AbortSignal.any`: that keeps memory. */
function anyOf(signals: readonly AbortSignal[], cleanup: AsyncDisposableStack): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const onAbort = () => controller.abort(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    cleanup.defer(() => signal.removeEventListener('abort', onAbort));
  }
  return controller.signal;
}

/** False when the wait was ended by the signal; other failures are thrown. */
async function waitUntil(work: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
