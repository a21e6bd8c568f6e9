import { isFinalized, isSuspended, type ManagedObject } from '../../api/schema/common.ts';
import type { ActivityJournal } from '../../hints/activity/journal.ts';
import { isConflict, isNotFound } from '../../kube/errors.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { ReconcileRequest } from '../../runtime/controller/reconcile-request.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import { ObjectActivity } from '../activity/object-activity.ts';
import type { Failure, Summary } from '../decision.ts';
import type { Kind, ReconcileContext } from '../kind.ts';
import { refusalOf } from '../status/failure.ts';
import { Failures } from '../status/refusals.ts';
import { StatusMemory } from '../status/status-memory.ts';
import { outcomeOf } from '../status/summary.ts';
import { ActionPerformer, type PerformerOptions } from './perform-action.ts';
import { Rounds } from './rounds.ts';
import { needsInitialCondition, StatusWriter } from './status-writer.ts';

/** More rounds than any kind needs; a reconcile that exceeds it writes without getting nearer. */
const MAX_ROUNDS = 8;

/** More often than people edit one object; then the queue's back-off takes over. */
const MAX_STALE = 8;
const OBJECT_CHANGED = { type: 'again', afterMs: 0, why: 'ObjectChanged' } as const;

/** Longer than any pause worth sitting out, shorter than anybody notices. */
const PATIENCE_MS = 5_000;

export interface ReconcilerOptions<T extends ManagedObject> extends PerformerOptions<T> {
  /** Another number after each change of what the object may have. Absent: nothing changes. */
  readonly permissions?: (key: ObjectKey) => number;
  /** What azid itself last wrote into each status. */
  readonly memory?: StatusMemory<T>;
  /** What was done to what in Azure, by whom. Absent: nothing is known of it. */
  readonly journal?: ActivityJournal;
  /** Whether this process reconciles it. Absent: all. */
  readonly isMine?: (key: ObjectKey) => boolean;
  /** See `RoundParts`. */
  readonly catchUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/**
 * One reconcile of one object, the same for every kind (docs/architecture.md section 5): observe, decide, perform, and again until
 * nothing is left to do; then one status write if anything differs. What a round wrote is in the store and the cache
 * at once, so the next round decides from what is there by then.
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
  readonly #memory: StatusMemory<T>;
  readonly #writer: StatusWriter<T, Status>;
  readonly #rounds: Rounds<T, Facts, Action, Status>;

  constructor(kind: Kind<T, Facts, Action, Status>, options: ReconcilerOptions<T>) {
    this.#kind = kind;
    this.#options = options;
    this.#memory = options.memory ?? new StatusMemory();
    const { resource, ownedInAzure } = kind;
    const activity = new ObjectActivity(options.journal, ownedInAzure, options.clock);
    this.#writer = new StatusWriter({ ...options, resource, memory: this.#memory, activity });
    const performer = new ActionPerformer(kind, options, { writer: this.#writer, activity });
    this.#rounds = new Rounds({ ...options, kind, writer: this.#writer, performer });
    // What was there before: a status that is altered before its object's turn comes is not believed either.
    for (const object of options.store.values())
      if (options.isMine?.(keyOf(object)) ?? true) this.#memory.meet(object);
  }

  /** Another process reconciles the objects of this namespace from now on: nothing of them is remembered here. */
  forgetNamespace(namespace: string): void {
    for (const [key, uid] of [...this.#uids]) {
      if (!key.startsWith(`${namespace}/`)) continue;
      this.#uids.delete(key);
      this.#kind.forget?.(key, uid, true);
    }
    this.#memory.forgetNamespace(namespace);
  }

  reconcile(request: ReconcileRequest): Promise<Outcome> {
    return this.#whileUnchanged(() => this.#reportingRefusals(request));
  }

  /** A refusal of Kubernetes itself is reported like one of Azure's; everything else in the status stays. */
  async #reportingRefusals(request: ReconcileRequest): Promise<Outcome> {
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
        await this.#writer.writeConditions(object, summary, request);
      } catch {
        // The status is refused as well, so only the log can report it.
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
      await this.#writer.initialCondition(object, request);
      return { type: 'done' };
    });
  }

  async #whileUnchanged(work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      // Another client wrote, or removed, the object meanwhile. The watch enqueues it at once; the back-off is for a watch
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
    // The store shows azid's own status; what another client wrote in its place goes before anything is decided.
    const altered = this.#memory.altered(object);
    if (altered) object = await this.#writer.write(altered, this.#memory.own(altered), request);
    if (needsInitialCondition(object)) object = await this.#writer.initialCondition(object, request);

    let context: ReconcileContext = {
      ...request,
      startedAt: this.#options.clock.monotonic(),
      patienceMs: PATIENCE_MS,
    };
    const failures = new Failures<Action>(this.#kind.removals);
    let stale = 0;
    for (let round = 0; round < MAX_ROUNDS; ) {
      request.signal.throwIfAborted();
      const next = await this.#rounds.run(object, context, failures, stale);
      if (next.type === 'over') return next.outcome;
      if (next.type === 'gone') {
        this.#forget(request.key, object.metadata.uid);
        return { type: 'done' };
      }
      ({ object, context } = next);
      if (next.type === 'goOn') round++;
      else {
        const latest = this.#options.store.get(request.key);
        // Gone, a namesake, or edited over and over: another reconcile's matter.
        if (latest?.metadata.uid !== object.metadata.uid || ++stale > MAX_STALE) return OBJECT_CHANGED;
        request.log.debug({}, 'decided again: it waited, and may not hold any more');
        object = latest;
        context = { ...context, startedAt: this.#options.clock.monotonic() };
      }
    }
    return this.#notConverging(object, request);
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

  /** Azure takes each write and shows something else: reported in the status, and tried again with back-off only. */
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
    await this.#writer.writeConditions(object, summary, request);
    return outcomeOf(summary);
  }
}
