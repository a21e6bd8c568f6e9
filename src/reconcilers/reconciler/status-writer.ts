import type { ActivityEntry } from '../../api/schema/activity.ts';
import {
  isSuspended,
  type ManagedObject,
  type ManagedStatus,
  requestedReconcile,
} from '../../api/schema/common.ts';
import { applyStatus } from '../../kube/apply.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { ObjectKey, Resource } from '../../kube/types.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { repairedLately } from '../activity/entries.ts';
import type { ObjectActivity } from '../activity/object-activity.ts';
import type { Decision, Summary } from '../decision.ts';
import { ownsCondition, type StatusMemory } from '../status/status-memory.ts';
import { conditionsOf, shownMessage, suspendedConditions } from '../status/summary.ts';

interface StatusWriterOptions<T extends ManagedObject> {
  readonly client: KubeClient;
  readonly store: Store<T>;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly memory: StatusMemory<T>;
  readonly activity: Pick<ObjectActivity<T>, 'entries'>;
}

/** For whom the object is written. */
interface Writing {
  readonly key: ObjectKey;
  readonly signal: AbortSignal;
}

/**
 * Writes one kind's objects in Kubernetes: what it wrote is in the store at once. Every method gives the object as it is then, and
 * throws `Conflict` where another of the same name has taken its place.
 */
export class StatusWriter<T extends ManagedObject, Status extends object> {
  readonly #options: StatusWriterOptions<T>;
  /** First conditions that are being written, by uid. */
  readonly #initialWrites = new Map<string, Promise<T>>();

  constructor(options: StatusWriterOptions<T>) {
    this.#options = options;
  }

  /** The first condition, once, also where two callers come at the same time: before any call to Azure, and without waiting for a worker. */
  async initialCondition(object: T, request: Writing): Promise<T> {
    const { uid } = object.metadata;
    const begun = this.#initialWrites.get(uid);
    if (begun) {
      await begun.catch(() => {}); // The caller that began it gets the error.
      const latest = this.#options.store.get(request.key);
      if (latest?.metadata.uid === uid && !needsInitialCondition(latest)) return latest;
    }
    const writing = this.#writeInitial(object, request).finally(() => this.#initialWrites.delete(uid));
    this.#initialWrites.set(uid, writing);
    return writing;
  }

  #writeInitial(object: T, request: Writing): Promise<T> {
    const summary: Summary = {
      state: 'progressing',
      reason: 'Progressing',
      message: 'azid has seen this object and begins',
      againMs: 0,
    };
    return this.writeConditions(object, summary, request);
  }

  /**
   * What was decided, once nothing is left to do.
   *
   * @param suspended nothing was done of it
   */
  settle(
    object: T,
    decision: Decision<{ readonly type: string }, Status>,
    request: Writing,
    suspended: boolean,
  ): Promise<T> {
    const now = this.#options.clock.now();
    const { generation } = object.metadata;
    const requested = requestedReconcile(object);
    const pending = decision.actions.length > 0;
    const rests = suspended ? { pending } : isSuspended(object) ? decision.rests : undefined;
    // While suspended, an edit that would change Azure stays unobserved: kstatus then says InProgress, not Current.
    const observed = rests?.pending ? object.status?.observedGeneration : generation;
    const own = suspended ? object.status : decision.status;
    const activity = this.#options.activity.entries(object, own);
    const summary = withRepair(decision.summary, activity, now);
    const reported = suspended
      ? object.status?.conditions
      : conditionsOf(summary, object, now, decision.conditions);
    const conditions = rests ? suspendedConditions(object, reported, rests.pending, now) : reported;
    return this.write(
      object,
      {
        ...own,
        activity,
        ...(observed !== undefined && { observedGeneration: observed }),
        ...(requested !== undefined && { lastHandledReconcileAt: requested }),
        ...(conditions && { conditions }),
      },
      request,
    );
  }

  /** The kind's own fields before the next action begins; what all kinds share stays as it is. */
  save(object: T, own: Status, request: Pick<Writing, 'signal'>): Promise<T> {
    const { conditions, observedGeneration, lastHandledReconcileAt } = object.status ?? {};
    const activity = this.#options.activity.entries(object, own);
    return this.write(
      object,
      {
        ...(conditions && { conditions }),
        ...(observedGeneration !== undefined && { observedGeneration }),
        ...(lastHandledReconcileAt !== undefined && { lastHandledReconcileAt }),
        ...own,
        activity,
      },
      request,
    );
  }

  /** All else that the status says stays. */
  writeConditions(object: T, summary: Summary, request: Writing): Promise<T> {
    const conditions = conditionsOf(summary, object, this.#options.clock.now());
    return this.write(object, { ...object.status, conditions }, request);
  }

  async write(object: T, status: ManagedStatus, { signal }: Pick<Writing, 'signal'>): Promise<T> {
    const { client, resource, memory } = this.#options;
    const { summary: _, ...rest } = status;
    const summary = shownMessage(status.conditions);
    const whole = { ...(summary !== undefined && { summary }), ...rest } as NonNullable<T['status']>;
    memory.begin(object, whole);
    try {
      const next = await applyStatus(client, resource, object, whole, signal, { ownsCondition });
      // Without a call nothing was undone of what another client may have written meanwhile.
      if (next === object) memory.failed(object);
      else memory.wrote(next);
      return this.recordWrite(next);
    } catch (error) {
      memory.failed(object);
      throw error;
    }
  }

  /** The store has it from here on. */
  recordWrite(object: T): T {
    this.#options.store.recordWrite(object);
    const latest = this.#options.store.get(keyOfObject(object));
    // A namesake, made meanwhile: what was decided here is not about it. The next reconcile observes it afresh.
    if (latest && latest.metadata.uid !== object.metadata.uid) throw replaced(object);
    return latest ?? object;
  }
}

/** Where something was put right, the message of `Ready` says so, and who made it necessary. */
function withRepair(summary: Summary, activity: readonly ActivityEntry[] | undefined, now: number): Summary {
  const repaired = summary.state === 'ready' && activity ? repairedLately(activity, now) : undefined;
  return summary.state === 'ready' && repaired !== undefined
    ? { ...summary, message: `${summary.message}; azid put it right after it was ${repaired}` }
    : summary;
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
