import type { ManagedObject } from '../api/schema/common.ts';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Store } from '../kube/informer/store.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/types.ts';
import type { ReconcileRequest } from '../runtime/controller/reconcile-request.ts';
import type { OwnedInAzure } from './activity/owned.ts';
import type { CommonAction, Decision, FailedAction, ReconcileEvent } from './decision.ts';

/** What the reconciler keeps for a kind during one reconcile. */
export interface ReconcileContext extends ReconcileRequest {
  /** When this reconcile began, monotonic ms: what was read or written since is as live as a read made now. */
  readonly startedAt: number;
  /**
   * A rate-limit scope that Azure closed for longer than this ends the reconcile, ms: the object says so meanwhile, and does not count among
   * those that its namespace may have under way (docs/guarantees.md G2, G12).
   */
  readonly patienceMs: number;
  /**
   * Asked when the turn of a write has come: true if what it was decided on may not hold any more. It is then not sent, and
   * the reconciler decides again.
   */
  readonly isStale?: () => boolean;
  /** When the stores last showed, for this reconcile, what was stored, monotonic ms. Absent: nothing needed it. */
  readonly caughtUpAt?: number;
  /** When this reconcile last wrote to Azure, wall ms. */
  readonly wroteAt?: number;
}

/** A call that wrote to Azure, or found done what it was to do. */
export interface AzureWrite {
  readonly event: ReconcileEvent;
  readonly correlationId?: string;
  /** What it changed; absent: nothing, as what it was to delete was gone already. */
  readonly to?: {
    /** ARM id of what it was sent to. */
    readonly id: string;
    readonly change: 'write' | 'delete';
    /** Azure carries it out over time. */
    readonly isAccepted?: boolean;
    /** Of a resource that holds more than what azid gives: what of it was changed, as the kind names it to the journal. */
    readonly parts?: readonly string[];
  };
}

/** What a performed action leaves to report. */
export interface Performed {
  /** An Azure write: becomes one log line, one Kubernetes Event, and an entry of `status.activity`. */
  readonly write?: AzureWrite;
  /** The object itself was removed: there is nothing left to reconcile. */
  readonly gone?: boolean;
}

/** Of a write that Azure answered. */
export function written(
  event: ReconcileEvent,
  to: NonNullable<AzureWrite['to']>,
  { correlationId, result }: { readonly correlationId?: string | undefined; readonly result?: string },
): Performed {
  const changed = result !== 'absent';
  return {
    write: { event, ...(correlationId !== undefined && { correlationId }), ...(changed && { to }) },
  };
}

/** What of a kind does I/O or remembers something; `decide` is pure and stands in its definition. */
export interface KindReconciler<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
  Made extends Decision<Action, Status> = Decision<Action, Status>,
> {
  /**
   * Reads what `decide` needs and decides nothing: caches, and Azure itself where no cache suffices or where the
   * decision asked for it.
   */
  observe(object: T, context: ReconcileContext, live: LiveReads): Promise<Facts>;
  /**
   * Asked before Azure is read for a decision that only cached things led to: if many wait to write, what is read before the wait would have
   * to be read again. Does and throws what `RequestScheduler.takePlace` does. Absent: the kind's writes are few.
   */
  takePlace?(decision: Made, context: ReconcileContext): Promise<void>;
  /** What is about to be carried out: for what this process remembers of it, and for moments that must be met exactly. */
  decided?(object: T, facts: Facts, decision: Made): void;
  /** Throws what the call threw; the reconciler maps it. Never called with an action of the reconciler. */
  perform(
    action: Exclude<Action, CommonAction<Status>>,
    object: T,
    context: ReconcileContext,
  ): Promise<Performed>;
  /**
   * The object is gone for good, or another process has it from now on (`moved`): drop what is kept of it in memory. `uid` is absent if no
   * reconcile ever saw it.
   */
  forget?(key: ObjectKey, uid?: string, moved?: boolean): void;
}

/**
 * One kind of custom resource at work. `observe` reads, `decide` decides (pure), `perform` carries out one action; the
 * reconciler does what every kind has in common.
 */
export interface Kind<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
  Made extends Decision<Action, Status> = Decision<Action, Status>,
> extends KindReconciler<T, Facts, Action, Status, Made> {
  readonly resource: Resource<T>;
  /**
   * Actions that take away one of several things of an object: one that fails keeps none of the others, and is not tried again in
   * the same reconcile.
   */
  readonly removals?: readonly Action['type'][];
  /** What its objects have in Azure, for `status.activity`. Absent: nothing. */
  readonly ownedInAzure?: OwnedInAzure<T> | undefined;
  decide(object: T, facts: Facts, failed?: FailedAction<Action>): Made;
}

/**
 * What a decision asked to have from Azure itself instead of a cache, and what was read for it. One for each decision, so
 * that however often things are observed on the way to it, each is read once.
 */
export class LiveReads {
  readonly #wanted = new Set<string>();
  readonly #read = new Map<string, Promise<unknown>>();

  /** The names are the kind's own: an ARM id, a role in its facts. */
  get wanted(): readonly string[] {
    return [...this.#wanted];
  }

  wants(thing: string): boolean {
    return this.#wanted.has(thing);
  }

  /** What the cache has of it by now counts no more than what was read. */
  wasRead(thing: string): boolean {
    return this.#read.has(thing);
  }

  /** False if all of it was asked for or read before: then nothing would be different. */
  want(things: readonly string[]): boolean {
    const fresh = things.filter((each) => !this.#wanted.has(each) && !this.#read.has(each));
    for (const each of fresh) this.#wanted.add(each);
    return fresh.length > 0;
  }

  /** Reads it, or returns what was read for this decision already. */
  once<T>(thing: string, read: () => Promise<T>): Promise<T> {
    const before = this.#read.get(thing);
    // Under one name there is always the same thing.
    if (before) return before as Promise<T>;
    const answer = read();
    this.#read.set(thing, answer);
    return answer;
  }
}

/** A `decide` whose decisions say what of them rests on caches alone. */
export function withNeeds<T, Facts, More extends readonly unknown[], Made extends object>(
  decide: (object: T, facts: Facts, ...more: More) => Made,
  needsLive: (object: T, facts: Facts, decision: Made) => readonly string[],
): (object: T, facts: Facts, ...more: More) => Made & { readonly needsLive?: readonly string[] } {
  return (object, facts, ...more) => {
    const decision = decide(object, facts, ...more);
    const needed = needsLive(object, facts, decision);
    return needed.length > 0 ? { ...decision, needsLive: needed } : decision;
  };
}

/** Only as it was observed: an edit since then keeps it. */
export async function deleteSelf<T extends KubeObject>(
  object: T,
  resource: Resource<T>,
  store: Pick<Store<T>, 'recordDelete'>,
  client: Pick<KubeClient, 'delete'>,
  signal: AbortSignal,
): Promise<Performed> {
  const { uid, resourceVersion } = object.metadata;
  try {
    await client.delete(resource, keyOf(object), { preconditions: { uid, resourceVersion } }, signal);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  store.recordDelete(object);
  return { gone: true };
}
