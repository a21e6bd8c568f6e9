import {
  FINALIZER,
  isFinalized,
  isSuspended,
  type ManagedObject,
  type ManagedStatus,
  requestedReconcile,
} from '../api/schema/common.ts';
import { applyStatus } from '../kube/apply.ts';
import type { KubeClient } from '../kube/client.ts';
import { isConflict, isNotFound, KubeError } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events/events.ts';
import { addFinalizer, removeFinalizer } from '../kube/finalizers.ts';
import type { Store } from '../kube/informer/store.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { ReconcileRequest } from '../runtime/controller/reconcile-request.ts';
import type { Outcome } from '../runtime/outcome.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { CommonAction, Decision, Failure, ReconcileEvent, Summary } from './decision.ts';
import { editionOf } from './edition.ts';
import type { Kind, Performed, ReconcileContext } from './kind.ts';
import { observeAndDecide } from './observe-decide.ts';
import { failureOf, isDecideAgain } from './status/failure.ts';
import { refusalOf } from './status/kubernetes-refusal.ts';
import { ownsCondition, StatusMemory } from './status/status-memory.ts';
import { conditionsOf, outcomeOf, shownMessage, suspendedConditions } from './status/summary-conditions.ts';

/** More rounds than any kind needs; a reconcile that exceeds it writes without getting nearer. */
const MAX_ROUNDS = 8;

/**
 * How long a decision is good for, ms. A write whose turn comes later is decided again from what Azure shows then; an edit, or a
 * change of what is allowed, makes it stale at once.
 */
const DECISION_MS = 10_000;
/** More often than anybody edits; then the queue's back-off takes over. */
const MAX_STALE = 8;
/**
 * Where each observation itself waits longer than a decision is good for, none would ever be young enough to be sent, revocations
 * among them: after so many the age counts from the end of the observation. What people changed meanwhile makes it stale all the same.
 */
const MAX_OLD_READS = 3;

/** Longer than any pause worth sitting out, shorter than anybody notices. */
const PATIENCE_MS = 5_000;

export interface ReconcilerOptions<T extends ManagedObject> {
  readonly client: KubeClient;
  readonly store: Store<T>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** Another number after each change of what the object may have. Absent: nothing changes. */
  readonly permissions?: (key: ObjectKey) => number;
  /** What azid itself last wrote into each status. */
  readonly memory?: StatusMemory<T>;
}

type Own<Action extends { readonly type: string }, Status> = Exclude<Action, CommonAction<Status>>;

/**
 * One reconcile of one object, the same for every kind (docs/architecture.md section 5): observe, decide, perform, and again until
 * nothing is left to do; then one status write if anything differs. What a round wrote is in the store and the cache
 * at once, so the next round judges the world as it then is.
 */
export class Reconciler<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
> {
  readonly #kind: Kind<T, Facts, Action, Status>;
  readonly #options: ReconcilerOptions<T>;
  /** Of the objects reconciled: one may go unseen, and what is kept of it goes by its uid. */
  readonly #uids = new Map<ObjectKey, string>();
  /** First conditions that are being written, by uid. */
  readonly #initialWrites = new Map<string, Promise<T>>();
  readonly #memory: StatusMemory<T>;

  constructor(kind: Kind<T, Facts, Action, Status>, options: ReconcilerOptions<T>) {
    this.#kind = kind;
    this.#options = options;
    this.#memory = options.memory ?? new StatusMemory();
    // What was there before: a status that is altered before its object's turn comes is not believed either.
    for (const object of options.store.values()) this.#memory.meet(object);
  }

  reconcile(request: ReconcileRequest): Promise<Outcome> {
    return this.#whileUnchanged(() => this.#tellingRefusals(request));
  }

  /** What Kubernetes itself refuses is told like a refusal of Azure's; all else that the status says stays. */
  async #tellingRefusals(request: ReconcileRequest): Promise<Outcome> {
    try {
      return await this.#reconcile(request);
    } catch (error) {
      const failure = refusalOf(error, request.attempt);
      const object = this.#options.store.get(request.key);
      if (!failure || !object || isSuspended(object) || request.signal.aborted) throw error;
      const summary: Summary = object.metadata.deletionTimestamp
        ? { state: 'deleting', message: failure.message, failure, againMs: 0 }
        : { state: 'retrying', failure };
      try {
        await this.#writeConditions(object, summary, request);
      } catch {
        // The status is refused as well: the log tells.
        throw error;
      }
      return outcomeOf(summary);
    }
  }

  /**
   * A condition on an object that has none yet: without one, kstatus calls it Current. Written at once, however many wait to
   * be reconciled.
   */
  writeInitialCondition(request: ReconcileRequest): Promise<Outcome> {
    return this.#whileUnchanged(async () => {
      const object = this.#options.store.get(request.key);
      if (!object) this.#memory.gone(request.key);
      if (!object || !needsInitialCondition(object)) return { type: 'done' };
      this.#meet(request.key, object.metadata.uid);
      this.#memory.meet(object);
      await this.#initialCondition(object, request);
      return { type: 'done' };
    });
  }

  async #whileUnchanged(work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      // Somebody else wrote, or removed, the object meanwhile. The watch enqueues it at once; the back-off is for a watch
      // that is broken.
      if (isConflict(error)) return { type: 'retry', reason: 'ObjectChanged', error };
      if (isNotFound(error)) return { type: 'retry', reason: 'ObjectGone', error };
      throw error;
    }
  }

  async #reconcile(request: ReconcileRequest): Promise<Outcome> {
    let object = this.#options.store.get(request.key);
    if (!object) {
      this.#forget(request.key, this.#uids.get(request.key));
      this.#memory.gone(request.key);
      return { type: 'done' };
    }
    this.#meet(request.key, object.metadata.uid);
    if (isFinalized(object)) return { type: 'done' };
    this.#memory.meet(object);
    // The store shows azid's own status; what somebody else wrote in its place goes before anything is decided.
    const altered = this.#memory.altered(object);
    if (altered) object = await this.#writeStatus(altered, this.#memory.own(altered), request);
    if (needsInitialCondition(object)) object = await this.#initialCondition(object, request);

    let context: ReconcileContext = {
      ...request,
      startedAt: this.#options.clock.monotonic(),
      patienceMs: PATIENCE_MS,
    };
    let failed: { action: Action; failure: Failure } | undefined;
    let stale = 0;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      request.signal.throwIfAborted();
      const basis = this.#basis(request.key);
      const observedFrom = this.#options.clock.monotonic();
      const { facts, decision } = await observeAndDecide(this.#kind, object, context, failed);
      this.#kind.decided?.(object, facts, decision);
      failed = undefined;
      const suspended = isSuspended(object) && decision.binds !== true;
      if (suspended || decision.actions.length === 0)
        return this.#finish(object, decision, request, suspended);
      const decidedOn = object.metadata.generation;
      // An observation may wait for rate limits between its reads: the decision is as old as the first of them.
      const readAt = stale < MAX_OLD_READS ? observedFrom : this.#options.clock.monotonic();
      const isStale = () =>
        this.#options.clock.monotonic() - readAt > DECISION_MS || this.#basis(request.key) !== basis;
      context = { ...context, isStale };
      for (const action of decision.actions) {
        try {
          const next = await this.#perform(action, object, context);
          if (!next.object) return { type: 'done' };
          object = next.object;
          context = next.context;
          // Edited, or deleted, while the cache was behind: what was still to come may be wrong by now.
          if (object.metadata.generation !== decidedOn) break;
        } catch (error) {
          if (isDecideAgain(error)) {
            const latest = this.#options.store.get(request.key);
            // Gone, a namesake, or edited over and over: another reconcile's matter.
            if (latest?.metadata.uid !== object.metadata.uid || ++stale > MAX_STALE)
              return { type: 'again', afterMs: 0, why: 'ObjectChanged' };
            request.log.debug({ action: action.type }, 'decided again: it waited, and may not hold any more');
            object = latest;
            context = { ...context, startedAt: this.#options.clock.monotonic() };
            round--;
            break;
          }
          const failure = failureOf(error);
          if (!failure) throw error;
          request.log.debug({ action: action.type, reason: failure.reason }, 'action failed');
          failed = { action, failure };
          break;
        }
      }
    }
    return this.#notConverging(object, request);
  }

  /** What a decision rests on besides Azure: the object as people declared it, and what is allowed. */
  #basis(key: ObjectKey): string {
    const { store, permissions } = this.#options;
    const object = store.get(key);
    return `${permissions?.(key) ?? 0} ${object ? editionOf(object) : 'gone'}`;
  }

  /** A namesake is another object: what is kept of the one before is not about it. */
  #meet(key: ObjectKey, uid: string): void {
    const before = this.#uids.get(key);
    if (before !== undefined && before !== uid) this.#forget(key, before);
    this.#uids.set(key, uid);
  }

  #forget(key: ObjectKey, uid: string | undefined): void {
    this.#uids.delete(key);
    if (uid !== undefined) this.#memory.forget(uid);
    this.#kind.forget?.(key, uid);
  }

  async #perform(
    action: Action,
    object: T,
    context: ReconcileContext,
  ): Promise<{ object?: T; context: ReconcileContext }> {
    const { client, store } = this.#options;
    const { resource } = this.#kind;
    const common = action as unknown as CommonAction<Status>;
    switch (common.type) {
      case 'addFinalizer': {
        const next = await addFinalizer(client, resource, object, FINALIZER, context.signal);
        return { object: this.#recordWrite(next), context };
      }
      case 'removeFinalizer': {
        const isLeaving = object.metadata.deletionTimestamp !== undefined;
        const released = isLeaving ? await this.#namingOtherFinalizers(object, context) : object;
        const next = await removeFinalizer(client, resource, released, FINALIZER, context.signal);
        // One that azid itself is about to delete: there is more to do.
        if (next && !isLeaving) return { object: this.#recordWrite(next), context };
        if (next) this.#recordWrite(next);
        else store.recordDelete(object);
        this.#forget(context.key, object.metadata.uid);
        context.log.info({}, 'finalizer removed');
        return { context };
      }
      case 'saveStatus': {
        const next = await this.#writeStatus(object, { ...commonOf(object), ...common.status }, context);
        return { object: next, context };
      }
      case 'recordEvent':
        // Events live an hour and may be dropped; what stays behind in Azure must be found later, too.
        context.log.info({ reason: common.event.reason, told: common.event.message }, 'told');
        this.#recordEvent(object, common.event, context);
        return { object, context };
      default: {
        const done = await this.#kind.perform(action as Own<Action, Status>, object, context);
        if (done.gone) {
          this.#forget(context.key, object.metadata.uid);
          return { context };
        }
        return { object, context: this.#wrote(object, done, context) };
      }
    }
  }

  /** What its status said before is not so any more, and nobody comes back to it: written before azid lets it go. */
  async #namingOtherFinalizers(object: T, request: ReconcileRequest): Promise<T> {
    const others = object.metadata.finalizers?.filter((each) => each !== FINALIZER) ?? [];
    if (others.length === 0) return object;
    const message = `azid is done with it; it is kept by finalizers of others: ${others.join(', ')}`;
    return this.#writeConditions(object, { state: 'deleting', message, againMs: 0 }, request);
  }

  /** Every Azure write leaves one log line and one Kubernetes Event (docs/architecture.md section 5). */
  #wrote(object: T, { write }: Performed, context: ReconcileContext): ReconcileContext {
    if (!write) return context;
    const { event, correlationId } = write;
    context.log.info({ reason: event.reason, correlationId, change: event.message }, 'wrote to Azure');
    this.#recordEvent(object, event, context, correlationId);
    return { ...context, wroteAt: this.#options.clock.now() };
  }

  #recordEvent(
    object: T,
    event: ReconcileEvent,
    { reconcileId }: ReconcileContext,
    correlationId?: string,
  ): void {
    this.#options.events.record({
      regarding: object,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: event.message,
      annotations: {
        'azid.dev/reconcile-id': reconcileId,
        ...(correlationId !== undefined && { 'azid.dev/correlation-id': correlationId }),
      },
    });
  }

  /** The first condition, once, whoever comes first: before any call to Azure, and without waiting for a worker. */
  async #initialCondition(object: T, request: ReconcileRequest): Promise<T> {
    const { uid } = object.metadata;
    const begun = this.#initialWrites.get(uid);
    if (begun) {
      await begun.catch(() => {}); // Whoever began tells of it.
      const latest = this.#options.store.get(request.key);
      if (latest?.metadata.uid === uid && !needsInitialCondition(latest)) return latest;
    }
    const writing = this.#writeInitialCondition(object, request).finally(() =>
      this.#initialWrites.delete(uid),
    );
    this.#initialWrites.set(uid, writing);
    return writing;
  }

  #writeInitialCondition(object: T, request: ReconcileRequest): Promise<T> {
    const summary: Summary = {
      state: 'progressing',
      reason: 'Progressing',
      message: 'azid has seen this object and begins',
      againMs: 0,
    };
    return this.#writeConditions(object, summary, request);
  }

  async #finish(
    object: T,
    decision: Decision<Action, Status>,
    request: ReconcileRequest,
    suspended: boolean,
  ): Promise<Outcome> {
    const now = this.#options.clock.now();
    const { generation } = object.metadata;
    const requested = requestedReconcile(object);
    const pending = decision.actions.length > 0;
    const rests = suspended ? { pending } : isSuspended(object) ? decision.rests : undefined;
    // While suspended, an edit that would change Azure stays unobserved: kstatus then says InProgress, not Current.
    const observed = rests?.pending ? object.status?.observedGeneration : generation;
    const said = suspended
      ? object.status?.conditions
      : conditionsOf(decision.summary, object, now, decision.conditions);
    const conditions = rests ? suspendedConditions(object, said, rests.pending, now) : said;
    await this.#writeStatus(
      object,
      {
        ...(suspended ? object.status : decision.status),
        ...(observed !== undefined && { observedGeneration: observed }),
        ...(requested !== undefined && { lastHandledReconcileAt: requested }),
        ...(conditions && { conditions }),
      },
      request,
    );
    return suspended ? { type: 'done' } : outcomeOf(decision.summary);
  }

  /** Azure takes each write and shows something else: said in the status, and tried again with back-off only. */
  async #notConverging(object: T, request: ReconcileRequest): Promise<Outcome> {
    const message = `${MAX_ROUNDS} rounds of writes did not make Azure match; something undoes them, or Azure does not take them`;
    const failure: Failure = {
      kind: 'transient',
      reason: 'NotConverging',
      message,
      ambiguous: false,
      error: new Error(message),
    };
    const summary: Summary = { state: 'retrying', failure };
    await this.#writeConditions(object, summary, request);
    return outcomeOf(summary);
  }

  /** All else that the status says stays. */
  #writeConditions(object: T, summary: Summary, request: ReconcileRequest): Promise<T> {
    const conditions = conditionsOf(summary, object, this.#options.clock.now());
    return this.#writeStatus(object, { ...object.status, conditions }, request);
  }

  async #writeStatus(object: T, status: ManagedStatus, { signal }: ReconcileRequest): Promise<T> {
    const { client } = this.#options;
    const { summary: _, ...rest } = status;
    const summary = shownMessage(status.conditions);
    const whole = { ...(summary !== undefined && { summary }), ...rest } as NonNullable<T['status']>;
    this.#memory.begin(object, whole);
    try {
      const next = await applyStatus(client, this.#kind.resource, object, whole, signal, { ownsCondition });
      // Without a call nothing was undone of what somebody else may have written meanwhile.
      if (next === object) this.#memory.failed(object);
      else this.#memory.wrote(next);
      return this.#recordWrite(next);
    } catch (error) {
      this.#memory.failed(object);
      throw error;
    }
  }

  #recordWrite(object: T): T {
    this.#options.store.recordWrite(object);
    const latest = this.#options.store.get(keyOfObject(object));
    // A namesake, made meanwhile: what was decided here is not about it. The next reconcile looks at it afresh.
    if (latest && latest.metadata.uid !== object.metadata.uid) throw replaced(object);
    return latest ?? object;
  }
}

function keyOfObject({ metadata: { namespace, name } }: ManagedObject): string {
  return namespace ? `${namespace}/${name}` : name;
}

function replaced({ kind, ...object }: ManagedObject): KubeError {
  const message = `${kind} ${keyOfObject({ kind, ...object })}: another object has taken its place`;
  return new KubeError(message, { status: 409, reason: 'Conflict' });
}

export function needsInitialCondition(object: ManagedObject): boolean {
  return (
    !object.metadata.deletionTimestamp && !object.status?.conditions?.some(({ type }) => type === 'Ready')
  );
}

function commonOf(object: ManagedObject): ManagedStatus {
  const { conditions, observedGeneration, lastHandledReconcileAt } = object.status ?? {};
  return {
    ...(conditions && { conditions }),
    ...(observedGeneration !== undefined && { observedGeneration }),
    ...(lastHandledReconcileAt !== undefined && { lastHandledReconcileAt }),
  };
}
