import type { ManagedObject } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import { type FailedAction, type Failure, RECHECK_OUTSIDE_MS, type Refused } from '../decision.ts';
import { noLonger } from './summary.ts';

/** What failed in a reconcile, what a decision makes of it where several things are taken away, and what a living object reports of one that stays. */

/** A call that took as long and has no answer: Azure would leave the next one without an answer as well. */
const SILENCE_MS = 30_000;

/**
 * What failed in one reconcile, for the decisions that come after it. An action that fails ends what was decided with it; but of
 * several things that are taken away (`Kind.removals`) each stands by itself: the others are tried all the same, and what was
 * refused is refused until the reconcile ends, or each round would try it anew.
 */
export class Failures<Action extends { readonly type: string }> {
  readonly #removals: readonly string[];
  readonly #kept: Refused<Action>[] = [];
  /** What failed of the decision that is being carried out. */
  #now: Refused<Action> | undefined;
  /** No answer came to it. */
  #silent = false;

  constructor(removals: readonly Action['type'][] = []) {
    this.#removals = removals;
  }

  /** Another decision is carried out. */
  begin(): void {
    this.#now = undefined;
    this.#silent = false;
  }

  record(action: Action, failure: Failure, tookMs: number): void {
    this.#now = { action, failure };
    this.#silent = failure.ambiguous && tookMs >= SILENCE_MS;
    if (this.#isRemoval(action)) this.#kept.push(this.#now);
  }

  /** Whether the next action of the decision is to be performed, after what failed of it. */
  admits(action: Action): boolean {
    if (!this.#now) return true;
    if (!this.#isRemoval(action) || !this.#isRemoval(this.#now.action)) return false;
    // Where Azure does not answer, the time of the reconcile would be over before anything could be reported.
    if (this.#silent) this.#kept.push({ action, failure: this.#now.failure });
    return !this.#silent;
  }

  /** For the next decision. */
  get failed(): FailedAction<Action> | undefined {
    if (this.#now && !this.#isRemoval(this.#now.action)) return { ...this.#now, others: this.#kept };
    const [first, ...others] = this.#kept;
    return first && { ...first, others };
  }

  #isRemoval({ type }: Action): boolean {
    return this.#removals.includes(type);
  }
}

/** By key of what was to be taken away, so that each thing is reported by itself: what could not be taken away in this reconcile. */
export function refusalsOf<Action extends { readonly type: string }>(
  failed: FailedAction<Action> | undefined,
  removal: Action['type'],
): ReadonlyMap<string, Failure> {
  if (!failed) return new Map();
  return new Map(
    [failed, ...(failed.others ?? [])].flatMap(({ action, failure }) =>
      action.type === removal && 'id' in action && typeof action.id === 'string'
        ? [[armKey(action.id), failure] as const]
        : [],
    ),
  );
}

/** What failed and was no removal: all that was decided with it waits. */
export function otherThan<Action extends { readonly type: string }>(
  failed: FailedAction<Action> | undefined,
  removal: Action['type'],
): FailedAction<Action> | undefined {
  return failed?.action.type === removal ? undefined : failed;
}

/**
 * Each by itself: one that cannot go keeps none of the others.
 *
 * @returns those whose removal nothing has refused in this reconcile, and why the rest stays, naming each
 */
export function byRefusal<Action extends { readonly type: string }>(
  ids: readonly string[],
  failed: FailedAction<Action> | undefined,
  removal: Action['type'],
): {
  readonly free: readonly string[];
  readonly stuck: readonly string[];
  readonly failures: readonly Failure[];
} {
  const refusals = refusalsOf(failed, removal);
  const refusalOf = (id: string) => refusals.get(armKey(id));
  return {
    free: ids.filter((id) => !refusalOf(id)),
    stuck: ids.filter((id) => refusalOf(id)),
    failures: ids.flatMap((id) => {
      const failure = refusalOf(id);
      return failure ? naming(id, failure) : [];
    }),
  };
}

/** Says of what it is, where its message does not. */
export function naming(id: string, failure: Failure): Failure {
  return failure.message.toLowerCase().includes(id.toLowerCase())
    ? failure
    : { ...failure, message: `${id}: ${failure.message}` };
}

/**
 * True while something that azid made, and that is no longer asked for, cannot be taken away. `Ready` is about the
 * rest.
 */
const REMOVAL = 'RemovalBlocked';

/** @param ids of what is left */
export function removalBlocked(
  ids: readonly string[],
  { reason, message }: Pick<Failure, 'reason' | 'message'>,
): Finding {
  // The ids last: a long message is cut.
  const what =
    ids.length === 1
      ? 'it is no longer asked for, and cannot be removed'
      : `${ids.length} are no longer asked for, and cannot be removed`;
  return {
    type: REMOVAL,
    status: 'True',
    reason,
    message: `${what}: ${message}; azid tries again: ${ids.join(', ')}`,
  };
}

/** Nothing is left. */
export function removalFree(object: ManagedObject): readonly Finding[] {
  return noLonger(object, REMOVAL, {
    reason: 'Removed',
    message: 'nothing is left that is no longer asked for',
  });
}

/** When to try again while all that is asked for stands: what may pass soon, sooner. */
export function removalAgainMs({ kind, notBeforeMs = 0, heldBack = false }: Failure): number {
  if (heldBack) return notBeforeMs;
  return Math.max(kind === 'stalled' ? RECHECK_OUTSIDE_MS : RETRY_REMOVAL_MS, notBeforeMs);
}

const RETRY_REMOVAL_MS = 30_000;
