import { hasPendingEdit, type ManagedObject } from '../api/schema/common.ts';
import { AzureError } from '../azure/arm/errors.ts';
import type { ActivityJournal } from '../hints/activity/journal.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Store } from '../kube/informer/store.ts';
import { keyOf, type ObjectKey, splitKey } from '../kube/types.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import { onNews } from '../reconcilers/activity/owned.ts';
import type { KindDefinition } from '../reconcilers/definition.ts';
import { Reconciler, type ReconcilerOptions } from '../reconcilers/reconciler/reconciler.ts';
import { tracedKind, tracedReconcile } from '../reconcilers/reconciler/traced.ts';
import type { Services } from '../reconcilers/services.ts';
import { statusReader } from '../reconcilers/status/remembered.ts';
import { StatusMemory } from '../reconcilers/status/status-memory.ts';
import { INDEX } from '../reconcilers/stores.ts';
import { editionOf } from '../reconcilers/watches/predicates.ts';
import { Controller } from '../runtime/controller/controller.ts';
import type { Reconcile } from '../runtime/controller/reconcile-request.ts';
import type { Enqueue } from '../runtime/controller/watch.ts';
import type { Outcome, Priority } from '../runtime/outcome.ts';
import type { InFlightLimits } from '../runtime/queue/in-flight.ts';
import { WorkQueue } from '../runtime/queue/queue.ts';
import { InitialConditions } from './initial-conditions.ts';
import type { OperatorOptions } from './options.ts';
import type { PermissionChanges } from './permission-changes.ts';
import type { KindShard, Shard } from './shard/shard.ts';

interface KindControllerParts {
  readonly services: Services;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly options: OperatorOptions;
  readonly permissions: Pick<PermissionChanges, 'of'>;
  readonly journal: ActivityJournal;
  /** Absent: this process works on everything. */
  readonly shard?: Pick<Shard, 'of'>;
  /** See `ReconcilerOptions`. */
  readonly catchUp?: ReconcilerOptions<ManagedObject>['catchUp'];
}

/** One kind at work: its queue, its workers, and its initial conditions outside of them. Watches begin with `watch`. */
export class KindController implements Disposable {
  readonly controllers: readonly Controller[];
  readonly queues: readonly WorkQueue[];
  readonly #kind: KindDefinition;
  readonly #services: Services;
  readonly #journal: ActivityJournal;
  readonly #store: Store<ManagedObject>;
  readonly #controller: Controller;
  readonly #shard: KindShard | undefined;
  readonly #cleanup = new DisposableStack();

  constructor(kind: KindDefinition, store: Store<ManagedObject>, parts: KindControllerParts) {
    this.#kind = kind;
    this.#store = store;
    const { services, client, events, metrics, options, permissions, journal, catchUp } = parts;
    this.#services = services;
    this.#journal = journal;
    const shard = parts.shard?.of(kind);
    this.#shard = shard;
    const { clock, random, log, workers, tracer } = options;
    // azid's own status writes enqueue nothing; those of other clients do, since they are undone.
    const read = statusReader(kind.status);
    const memory = new StatusMemory<ManagedObject>(
      (object) => controller.enqueue(keyOf(object), 'event'),
      (status) => read(status, clock.now()),
    );
    const started = kind.start(services, this.#enqueue);
    const namespacesOf = (key: ObjectKey) => kind.namespacesOf?.(key, services);
    const whole = {
      ...started,
      resource: kind.resource,
      ...(kind.removals && { removals: kind.removals }),
      ...(kind.ownedInAzure && { ownedInAzure: kind.ownedInAzure }),
      decide: (...given: Parameters<KindDefinition['decide']>) => kind.decide(...given),
    };
    const reconciler = new Reconciler(tracer ? tracedKind(tracer, whole) : whole, {
      client,
      events,
      clock,
      store,
      memory,
      journal,
      // An object in azid's own namespace counts for the namespaces of the objects that it serves.
      permissions: (key) => permissions.of(namespacesOf(key) ?? [splitKey(key).namespace ?? key]),
      ...(shard && { isMine: shard.isMine, catchUp }),
    });
    const reconcile: Reconcile = (request) => reconciler.reconcile(request);
    const common = { clock, random, log, outcomeOf: outcomeOfError };
    const run =
      (work: Reconcile): Reconcile =>
      (request) =>
        shard ? shard.run(request, work) : work(request);
    const queue = new WorkQueue({
      clock,
      random,
      metrics: metrics.queue(kind.name),
      limits: inFlightLimits(workers),
      ...(kind.namespacesOf && { turnsOf: (key) => namespacesOf(key) ?? [''] }),
    });
    const controller = new Controller({
      ...common,
      name: kind.name,
      queue,
      workers,
      reconcile: run(tracer ? tracedReconcile(tracer, kind.resource.kind, reconcile) : reconcile),
      classify: (key, proposed) => classOf(store.get(key), proposed),
      editionOf: (key) => editionOfStored(store.get(key)),
      metrics: metrics.controller(kind.name),
    });
    this.#controller = controller;
    const first = this.#cleanup.use(
      new InitialConditions({
        ...common,
        kind: kind.name,
        store,
        writeInitialCondition: run((request) => reconciler.writeInitialCondition(request)),
        ...(shard && { isMine: shard.isMine }),
      }),
    );
    this.#cleanup.use(
      store.showAs((object) =>
        !shard || shard.isMine(keyOf(object)) ? memory.shown(object) : memory.ofAnother(object),
      ),
    );
    if (shard) {
      this.#cleanup.use(shard.released.onChange((namespace) => reconciler.forgetNamespace(namespace)));
      this.#cleanup.use(
        shard.taken.onChange((namespace) => {
          for (const key of store.keysByIndex(INDEX.namespace, namespace)) {
            first.check(key);
            controller.enqueue(key, 'event');
          }
        }),
      );
    }
    this.controllers = [controller, first.controller];
    this.queues = [queue, first.queue];
  }

  /** From now on each change that concerns an object enqueues it; first all objects of the store. */
  watch(): void {
    const { ownedInAzure } = this.#kind;
    const { stores, clock } = this.#services;
    const news = ownedInAzure ? [onNews(this.#journal.news, ownedInAzure, stores, clock)] : [];
    for (const watch of [...this.#kind.watches(this.#services), ...news])
      this.#cleanup.use(watch.start(this.#enqueue));
    for (const key of this.#store.keys()) this.#enqueue(key, 'resync');
  }

  /** What another shard reconciles enqueues nothing here. */
  readonly #enqueue: Enqueue = (key, priority, afterMs) => {
    if (this.#shard?.isMine(key) ?? true) this.#controller.enqueue(key, priority, afterMs);
  };

  [Symbol.dispose](): void {
    this.#cleanup.dispose();
  }
}

/**
 * How much of one namespace may be under way in a controller. As many reconciles as there are workers fill any rate limit; an
 * eighth of the workers stays free of the namespace that has most. The total bounds the memory.
 */
function inFlightLimits(workers: number): InFlightLimits {
  return {
    workersPerNamespace: workers - Math.floor(workers / 8),
    perNamespace: workers,
    total: 16 * workers,
  };
}

function editionOfStored(object: ManagedObject | undefined): string | undefined {
  return object && editionOf(object);
}

/** Whether it is an edit is read off the object, not off what enqueued it (docs/architecture.md section 5). */
function classOf(object: ManagedObject | undefined, proposed: Priority): Priority {
  return object && hasPendingEdit(object) ? 'edit' : proposed;
}

/** The one place where thrown errors become outcomes (docs/architecture.md section 5). */
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
  // Azure's failures become conditions in the reconciler; what comes here is a call azid itself gave up.
  if (!(error instanceof AzureError)) return undefined;
  const { code, heldBack, retryAfterMs } = error;
  if (heldBack && retryAfterMs !== undefined)
    return { type: 'heldBack', reason: code, notBeforeMs: retryAfterMs };
  return { type: 'retry', reason: code, error };
}
