import { hasPendingEdit, type ManagedObject } from '../api/schema/common.ts';
import { AzureError, CallRefused } from '../azure/arm/errors.ts';
import { AzureCaches } from '../cache/caches.ts';
import type { KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/errors.ts';
import { EventRecorder } from '../kube/events/events.ts';
import type { Store } from '../kube/informer/store.ts';
import { keyOf } from '../kube/types.ts';
import type { Metrics } from '../observe/metrics.ts';
import { expiryTurns } from '../reconcilers/assignment-expiry/index.ts';
import { editionOf } from '../reconcilers/edition.ts';
import { Frame } from '../reconcilers/frame.ts';
import { apiVersionOf } from '../reconcilers/hosts/api-version.ts';
import { identityPolicyKind } from '../reconcilers/identity-policy/index.ts';
import type { Kind } from '../reconcilers/kind.ts';
import { IdentityProofs } from '../reconcilers/proof/identity-proofs.ts';
import type { RecordedPrincipals } from '../reconcilers/proof/recorded-principals.ts';
import { StatusMemory } from '../reconcilers/status-memory.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { userAssignedIdentityKind } from '../reconcilers/user-assigned-identity/index.ts';
import { Controller } from '../runtime/controller.ts';
import type { InFlightLimits } from '../runtime/in-flight.ts';
import type { Outcome, Priority } from '../runtime/outcome.ts';
import { WorkQueue } from '../runtime/queue.ts';
import type { Visit } from '../runtime/visit.ts';
import { connectAzure } from './azure.ts';
import { Federation } from './federation.ts';
import { FirstConditions } from './first-conditions.ts';
import { Granting } from './granting.ts';
import { hostTurns } from './host-turns.ts';
import { Hosting } from './hosting.ts';
import type { Leadership } from './leadership.ts';
import { AZURE_CALL_LIMIT_MS, FLUSH_LIMIT_MS, type OperatorOptions } from './options.ts';
import { PermissionChanges } from './permission-changes.ts';
import { anyOf } from './signals.ts';
import { type Wake, wakeOnAzure, wakeOnKubernetes } from './wake.ts';
import type { WakeGrants } from './wake-grants.ts';
import type { WakeHosts } from './wake-hosts.ts';
import {
  type WakeReferrers,
  wakeReferrers,
  wakeReferrersOf,
  wakeReferrersOnHosts,
} from './wake-referrers.ts';

export interface WorkParts {
  readonly options: OperatorOptions;
  readonly metrics: Metrics;
  readonly client: KubeClient;
  readonly leadership: Leadership;
  readonly stores: Stores;
  readonly installationId: string;
  readonly principals: RecordedPrincipals;
  /** Aborted: nothing leaves the process any more. */
  readonly cut: AbortSignal;
}

/** What only the leader does: the caches of Azure, and a queue and a controller for each kind. Disposed when the work ends. */
export class Work implements AsyncDisposable {
  readonly caches: AzureCaches;
  readonly #parts: WorkParts;
  readonly #controllers: Controller[] = [];
  readonly #queues: WorkQueue[] = [];
  readonly #cleanup = new AsyncDisposableStack();
  /** Ends lists, reads and looks that belong to no reconcile. */
  readonly #ended = new AbortController();
  readonly #permissions: PermissionChanges;

  constructor(parts: WorkParts) {
    this.#parts = parts;
    const { options, metrics, client, leadership, stores, installationId, principals, cut } = parts;
    const { clock, random, log, azureLagMs, resyncIntervalMs, releaseAfterMs, instance } = options;
    const ended = this.#ended;
    this.#permissions = this.#cleanup.use(new PermissionChanges(stores));

    const azure = connectAzure(options, metrics, () => {
      if (cut.aborted) throw new CallRefused('WriteRefused', 'this process was told to stop');
      if (!leadership.isLeaderNow()) throw new CallRefused('WriteRefused', 'this process no longer leads');
    });
    const caches = new AzureCaches({
      azure,
      clock,
      random,
      signal: ended.signal,
      lagMs: azureLagMs,
      resync: { everyMs: resyncIntervalMs },
      roundMs: options.credentialRoundMs,
      apiVersionOf: (type) => apiVersionOf(type, stores),
      onListFailure: (cache, area, error) => log.warn({ cache, area, error }, 'list of Azure failed'),
    });
    this.#cleanup.defer(() => caches.stop());
    metrics.mirror(() => caches.parts());
    this.caches = caches;
    const mirror = caches.identities;
    const proofs = new IdentityProofs({ stores, identities: azure.identities, mirror, installationId });
    mirror.onLoaded((users) => {
      for (const key of users) {
        wake.identity(key, 'resync');
        // Whoever waits for what the list would show, and does not, hears of it by nobody else.
        wakeReferrers(stores, wake, key, 'resync');
      }
    });

    const events = new EventRecorder({
      client,
      clock,
      random,
      log,
      reportingController: 'azid.dev/controller',
      reportingInstance: instance,
    });
    this.#cleanup.defer(() => (cut.aborted ? undefined : events.flush(FLUSH_LIMIT_MS)));

    const federation = new Federation({
      options,
      azure,
      client,
      stores,
      caches,
      proofs,
      installationId,
    });
    this.#cleanup.use(federation);
    const hosting = new Hosting({
      options,
      azure,
      client,
      stores,
      caches,
      proofs,
    });
    this.#cleanup.use(hosting);
    const granting = new Granting({
      options,
      azure,
      client,
      stores,
      caches,
      proofs,
      systemIdentity: (id, context) => hosting.systemIdentity(id, context),
      clusterIssuer: federation.clusterIssuer,
      installationId,
      signal: ended.signal,
      wake: (key, priority, afterMs) => grants.enqueue(key, priority, afterMs),
      wakeExpiry: (key, priority, afterMs) => expiries.enqueue(key, priority, afterMs),
    });
    this.#cleanup.use(granting);
    const identities = userAssignedIdentityKind({
      ...azure,
      dependents: granting.dependents,
      client,
      stores,
      mirror,
      proofs,
      principals,
      subscriptions: mirror,
      clock,
      installationId,
      azureLagMs,
      callLimitMs: AZURE_CALL_LIMIT_MS,
      releaseAfterMs,
    });
    const frame = { client, events, clock };
    const controllerOf = <T extends ManagedObject, F, A extends { readonly type: string }, S extends object>(
      kind: Kind<T, F, A, S>,
      store: Store<T>,
      turnsOf?: (key: string) => readonly string[],
    ) => {
      // azid's own status writes enqueue nothing, those of others do: they are undone.
      const memory = new StatusMemory<T>((object) => controller.enqueue(keyOf(object), 'event'));
      // Of an object of azid's own namespace, those of whom it serves.
      const permissions = (key: string) => this.#permissions.of(turnsOf?.(key) ?? [key.split('/')[0] ?? '']);
      const options = { ...frame, store, memory, permissions };
      const controller = this.#controller(kind, new Frame(kind, options), store, turnsOf);
      this.#cleanup.use(store.showAs((object) => memory.shown(object)));
      return controller;
    };
    const identityController = controllerOf(identities, stores.identities);
    const policyController = controllerOf(
      identityPolicyKind({ stores, roleNames: granting.roleNames }),
      stores.policies,
    );
    const credentials = controllerOf(federation.kind, stores.credentials);
    const grants = controllerOf(granting.kind, stores.grants);
    const expiries = controllerOf(granting.expiryKind, stores.expiries, (key) => expiryTurns(key, stores));
    const kinds = hosting.kinds(granting.dependents);
    const hosts = controllerOf(kinds.host, stores.hosts, (key) => hostTurns(key, stores, caches.hosts));
    const attachments = controllerOf(kinds.attachment, stores.attachments);
    const systemIdentities = controllerOf(kinds.systemIdentity, stores.systemIdentities);

    const wake: Wake & WakeGrants & WakeHosts & WakeReferrers = {
      identity: (key, priority) => identityController.enqueue(key, priority),
      policy: (key, priority) => policyController.enqueue(key, priority),
      grant: (key, priority) => grants.enqueue(key, priority),
      credential: (key, priority) => credentials.enqueue(key, priority),
      expiry: (key, priority) => expiries.enqueue(key, priority),
      host: (key, priority) => hosts.enqueue(key, priority),
      attachment: (key, priority) => attachments.enqueue(key, priority),
      systemIdentity: (key, priority) => systemIdentities.enqueue(key, priority),
    };
    this.#cleanup.use(wakeOnKubernetes(stores, wake));
    this.#cleanup.use(
      mirror.onChange((key, how) => {
        // What this process wrote itself it knows already.
        if (how !== 'write' && how !== 'delete')
          wakeOnAzure(stores, wake, key, how === 'list' ? 'resync' : 'event');
        // Those who refer to it hear of its own writes, too: marks that were put back, a principal that is new.
        wakeReferrersOf(stores, wake, key, how === 'list' ? 'resync' : 'event');
      }),
    );
    this.#cleanup.use(wakeReferrersOnHosts(stores, caches.hosts, wake));
    for (const key of stores.policies.keys()) wake.policy(key, 'resync');
    for (const key of stores.identities.keys()) wake.identity(key, 'resync');
    federation.wakes((key, priority) => credentials.enqueue(key, priority));
    granting.wakes(wake);
    hosting.wakes(wake);
  }

  /** Nothing runs and nothing is due; what is due later does not count. */
  idle(): boolean {
    return this.#controllers.every((controller) => controller.idle());
  }

  /** Ms until a delayed key is due; undefined when none is. */
  nextDueMs(): number | undefined {
    const due = this.#queues.flatMap((queue) => queue.nextDueMs() ?? []);
    return due.length > 0 ? Math.min(...due) : undefined;
  }

  /**
   * Until `stop` aborts and what runs has ended, or until leadership is lost. False if something did not heed its
   * signal and still runs: then the Lease must not be given back.
   */
  async run(stop: AbortSignal): Promise<boolean> {
    const { leadership, cut } = this.#parts;
    const lostOrCut = anyOf([leadership.lost, cut], this.#cleanup);
    await Promise.all(this.#controllers.map((controller) => controller.run(stop, lostOrCut)));
    return this.#controllers.every((controller) => controller.running === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // First: whoever is waited for below may itself wait for a rate limit, as long as Azure asked for.
    this.#ended.abort(new Error('azid is stopping'));
    await this.#cleanup.disposeAsync();
  }

  #controller<T extends ManagedObject>(
    kind: { readonly name: string },
    frame: { reconcile(visit: Visit): Promise<Outcome>; introduce(visit: Visit): Promise<Outcome> },
    store: Store<T>,
    turnsOf?: (key: string) => readonly string[],
  ): Controller {
    const { metrics } = this.#parts;
    const { clock, random, log, workers } = this.#parts.options;
    const common = { clock, random, log, outcomeOf: outcomeOfError };
    const queue = new WorkQueue({
      clock,
      random,
      metrics: metrics.queue(kind.name),
      limits: inFlightLimits(workers),
      ...(turnsOf && { turnsOf }),
    });
    const controller = new Controller({
      ...common,
      name: kind.name,
      queue,
      workers,
      reconcile: (visit) => frame.reconcile(visit),
      classify: (key, proposed) => classOf(store.get(key), proposed),
      editionOf: (key) => editionOfStored(store.get(key)),
      metrics: metrics.controller(kind.name),
    });
    const firstConditions = this.#cleanup.use(
      new FirstConditions({
        ...common,
        kind: kind.name,
        store,
        introduce: (visit) => frame.introduce(visit),
      }),
    );
    this.#queues.push(queue, firstConditions.queue);
    this.#controllers.push(controller, firstConditions.controller);
    return controller;
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

/** An edit is judged by the object, whatever woke it (docs/architecture.md section 5). */
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
  // Azure's failures become conditions in the frame; what comes here is a call azid itself gave up.
  if (!(error instanceof AzureError)) return undefined;
  const { code, heldBack, retryAfterMs } = error;
  if (heldBack && retryAfterMs !== undefined)
    return { type: 'heldBack', reason: code, notBeforeMs: retryAfterMs };
  return { type: 'retry', reason: code, error };
}
