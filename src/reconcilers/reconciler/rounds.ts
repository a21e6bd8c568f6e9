import { isSuspended, type ManagedObject } from '../../api/schema/common.ts';
import { isDecideAgain } from '../../azure/requests/request.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Decision, FailedAction } from '../decision.ts';
import { type Kind, LiveReads, type ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import type { Failures } from '../status/refusals.ts';
import { outcomeOf } from '../status/summary.ts';
import { editionOf } from '../watches/predicates.ts';
import type { ActionPerformer } from './perform-action.ts';
import type { StatusWriter } from './status-writer.ts';

/**
 * How long a decision is good for, ms. A write whose turn comes later is decided again from what Azure shows then; an edit, or a
 * change of what is allowed, makes it stale at once.
 */
const DECISION_MS = 10_000;
/**
 * Where each observation itself waits longer than a decision is good for, none would ever be young enough to be sent, revocations
 * among them: after so many the age counts from the end of the observation. What people changed meanwhile makes it stale all the same.
 */
const MAX_OLD_READS = 3;

/** What became of one round: another follows, the same one is decided again, the object is gone, or nothing is left to do. */
type Round<T> =
  | { readonly type: 'goOn' | 'decideAgain'; readonly object: T; readonly context: ReconcileContext }
  | { readonly type: 'gone' }
  | { readonly type: 'over'; readonly outcome: Outcome };

interface RoundParts<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
> {
  readonly kind: Kind<T, Facts, Action, Status>;
  readonly store: Pick<Store<T>, 'get'>;
  readonly writer: Pick<StatusWriter<T, Status>, 'settle'>;
  readonly performer: Pick<ActionPerformer<T, Facts, Action, Status>, 'perform'>;
  /** Another number after each change of what the object may have. */
  readonly permissions?: ((key: ObjectKey) => number) | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  /**
   * Makes the stores show what is stored now. Where other processes reconcile objects of their own, what these have may stand in the API
   * server and not in the stores of this one: it is read before anything is taken away, or let go of as another's. Absent: there are none.
   */
  readonly catchUp?: ((signal: AbortSignal) => Promise<void>) | undefined;
}

/** For so long what was read for that counts, ms. */
const CAUGHT_UP_MS = 30_000;

/** One round of a reconcile: observe, decide, and perform what was decided, or write the status if nothing was. */
export class Rounds<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
> {
  readonly #parts: RoundParts<T, Facts, Action, Status>;

  constructor(parts: RoundParts<T, Facts, Action, Status>) {
    this.#parts = parts;
  }

  /** @param stale how often this reconcile has waited for a turn so long that it had to decide again */
  async run(
    object: T,
    context: ReconcileContext,
    failures: Failures<Action>,
    stale: number,
  ): Promise<Round<T>> {
    const { kind, clock, writer } = this.#parts;
    const basis = this.#basis(context.key);
    const observedFrom = clock.monotonic();
    let decided: Decided<Facts, Decision<Action, Status>>;
    try {
      // A reconcile that has waited got its place before, and keeps it.
      const takePlace = stale > 0 ? undefined : this.#takePlace(context);
      decided = await observeAndDecide(kind, object, context, failures.failed, takePlace);
    } catch (error) {
      if (isDecideAgain(error)) return { type: 'decideAgain', object, context };
      throw error;
    }
    const { facts, decision } = decided;
    if (this.#isToCatchUp(object, decision, context, observedFrom)) {
      const caughtUpAt = clock.monotonic();
      await this.#parts.catchUp?.(context.signal);
      return { type: 'decideAgain', object, context: { ...context, caughtUpAt } };
    }
    kind.decided?.(object, facts, decision);
    failures.begin();
    const suspended = isSuspended(object) && decision.binds !== true;
    if (suspended || decision.actions.length === 0) {
      await writer.settle(object, decision, context, suspended);
      return { type: 'over', outcome: suspended ? { type: 'done' } : outcomeOf(decision.summary) };
    }
    // An observation may wait for rate limits between its reads: the decision is as old as the first of them.
    const readAt = stale < MAX_OLD_READS ? observedFrom : clock.monotonic();
    const isStale = () => clock.monotonic() - readAt > DECISION_MS || this.#basis(context.key) !== basis;
    return this.#perform(decision.actions, object, { ...context, isStale }, failures);
  }

  /** What Azure refuses here is left to the write itself, which is refused alike and reports it. */
  #takePlace(context: ReconcileContext): (wanted: Decision<Action, Status>) => Promise<void> {
    return async (wanted) => {
      try {
        await this.#parts.kind.takePlace?.(wanted, context);
      } catch (error) {
        if (isDecideAgain(error) || context.signal.aborted || !failureOf(error)) throw error;
      }
    };
  }

  async #perform(
    actions: readonly Action[],
    given: T,
    start: ReconcileContext,
    failures: Failures<Action>,
  ): Promise<Round<T>> {
    const { clock, performer } = this.#parts;
    let object = given;
    let context = start;
    for (const action of actions) {
      if (!failures.admits(action)) continue;
      const begunAt = clock.monotonic();
      try {
        const next = await performer.perform(action, object, context);
        if (!next.object) return { type: 'gone' };
        object = next.object;
        context = next.context;
        // Edited, or deleted, while the cache was behind: what was still to come may be wrong by now.
        if (object.metadata.generation !== given.metadata.generation) break;
      } catch (error) {
        if (isDecideAgain(error)) return { type: 'decideAgain', object, context };
        const failure = failureOf(error);
        if (!failure) throw error;
        context.log.debug({ action: action.type, reason: failure.reason }, 'action failed');
        failures.record(action, failure, clock.monotonic() - begunAt);
      }
    }
    return { type: 'goOn', object, context };
  }

  #isToCatchUp(
    object: T,
    decision: Decision<Action, Status>,
    { caughtUpAt = Number.NEGATIVE_INFINITY }: ReconcileContext,
    observedFrom: number,
  ): boolean {
    if (!this.#parts.catchUp || observedFrom - caughtUpAt < CAUGHT_UP_MS) return false;
    return object.metadata.deletionTimestamp !== undefined || takesAway(object, decision);
  }

  /** What a decision rests on besides Azure: the object as people declared it, and what is allowed. */
  #basis(key: ObjectKey): string {
    const { store, permissions } = this.#parts;
    const object = store.get(key);
    return `${permissions?.(key) ?? 0} ${object ? editionOf(object) : 'gone'}`;
  }
}

type WithLedger = { readonly ledger?: readonly string[] } | undefined;

/** Something goes in Azure, or the object is done with something that may stay there for another one. */
function takesAway(
  { status }: ManagedObject,
  { actions, status: next }: Decision<{ readonly type: string }, object>,
): boolean {
  if (actions.some(({ type }) => /^(delete|remove|withdraw)/.test(type))) return true;
  const left = (next as WithLedger)?.ledger ?? [];
  return ((status as WithLedger)?.ledger ?? []).some((id) => !left.includes(id));
}

interface Decided<Facts, Made> {
  readonly facts: Facts;
  readonly decision: Made;
}

/**
 * Decides from caches where they will do, and anew from Azure's own word wherever the decision would rest on them: once for
 * all kinds, so that no kind decides while it observes.
 *
 * @param beforeLive called before Azure is read for a decision; what it throws ends this
 */
export async function observeAndDecide<
  T extends ManagedObject,
  Facts,
  Action extends { readonly type: string },
  Status extends object,
  Made extends Decision<Action, Status>,
>(
  kind: Pick<Kind<T, Facts, Action, Status, Made>, 'observe' | 'decide'>,
  object: T,
  context: ReconcileContext,
  failed?: FailedAction<Action>,
  beforeLive?: (decision: Made) => Promise<void>,
): Promise<Decided<Facts, Made>> {
  const live = new LiveReads();
  for (;;) {
    const facts = await kind.observe(object, context, live);
    // What failed may be different by now, so what is to be read live is asked for as if it had not failed; and what
    // is decided in its place rests on live reads as well.
    const wanted = kind.decide(object, facts);
    if (live.want(wanted.needsLive ?? [])) {
      await beforeLive?.(wanted);
      continue;
    }
    if (!failed) return { facts, decision: wanted };
    const decision = kind.decide(object, facts, failed);
    if (live.want(decision.needsLive ?? [])) continue;
    return { facts, decision };
  }
}
