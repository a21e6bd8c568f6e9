import type { ManagedObject } from '../../api/schema/common.ts';
import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { type Finding, findCondition } from '../../runtime/status/conditions.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import { type Failure, RECHECK_OUTSIDE_MS, type Summary } from '../decision.ts';
import { noLonger } from './no-longer.ts';

/** A deletion that Azure refuses: it waits for that to be mended, but not for ever (docs/guarantees.md G18). */

/** True while Azure refuses what the deletion needs; since when decides how much longer the object is held. */
const BLOCKED = 'DeletionBlocked';

type Block =
  | { readonly state: 'held'; readonly summary: Summary; readonly conditions: readonly Finding[] }
  | { readonly state: 'over'; readonly after: string };

export interface BlockFacts {
  readonly now: number;
  readonly releaseAfterMs: number;
  readonly blockedMs?: number;
}

/** For how long the deletion has been refused, as facts have it: not by the wall clock, which may be set meanwhile. */
export function blockedFor(
  { metadata: { uid, deletionTimestamp }, status }: ManagedObject,
  { elapsed }: { readonly elapsed: Pick<Elapsed, 'since'> },
): Pick<BlockFacts, 'blockedMs'> {
  const held = deletionTimestamp && findCondition(status?.conditions ?? [], BLOCKED);
  return held && held.status === 'True' ? { blockedMs: elapsed.since(uid, held.lastTransitionTime) } : {};
}

/** Counted from the first refusal in a row: a controller that was away all night has not tried all night. */
export function blockOf(
  object: ManagedObject,
  { now, releaseAfterMs, blockedMs }: BlockFacts,
  failure: Failure,
): Block {
  // Azure was not asked, so it refused nothing: what is left behind is left on its own word.
  if (failure.heldBack) return { state: 'held', conditions: [], summary: waitingForTurn(failure) };
  const held = findCondition(object.status?.conditions ?? [], BLOCKED);
  const since = held?.status === 'True' ? (blockedMs ?? now - Date.parse(held.lastTransitionTime)) : 0;
  const left = releaseAfterMs - since;
  if (left <= 0) return { state: 'over', after: `gave up after ${Math.round(since / 60_000)} min` };
  return {
    state: 'held',
    conditions: [{ type: BLOCKED, status: 'True', reason: failure.reason, message: failure.message }],
    summary: {
      state: 'deleting',
      message: `${failure.reason}: ${failure.message}; the object is let go in ${Math.ceil(left / 60_000)} min, or at once with annotation ${RELEASE_ANNOTATION}: "true"`,
      failure,
      againMs: Math.min(left, RECHECK_OUTSIDE_MS),
    },
  };
}

/**
 * Of several things that cannot go: the first is reported; what Azure was not asked of yet is not given up with the
 * others.
 */
export function blockOfAll(
  object: ManagedObject,
  facts: BlockFacts,
  failures: readonly [Failure, ...Failure[]],
): Block {
  const waiting = failures.find(({ heldBack }) => heldBack);
  const block = blockOf(object, facts, failures.find(({ heldBack }) => !heldBack) ?? failures[0]);
  return waiting && block.state === 'over' ? blockOf(object, facts, waiting) : block;
}

function waitingForTurn(failure: Failure): Summary {
  const { reason, message, notBeforeMs = 0 } = failure;
  return { state: 'deleting', message: `${reason}: ${message}`, failure, againMs: notBeforeMs };
}

/** Azure answers again: a later refusal is a new one. */
export function unblocked(object: ManagedObject): readonly Finding[] {
  return noLonger(object, BLOCKED, { reason: 'Answered', message: 'Azure no longer refuses' });
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
