import { armKey } from '../../azure/names/resource-id.ts';
import type { FailedAction, Failure } from '../decision.ts';

/**
 * Several things of one object that are taken away: each is judged by itself, so what failed is reported by whose
 * removal it was.
 */

/** By key: what could not be taken away in this reconcile. */
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
