import { type ManagedObject, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { type Finding, findCondition } from '../../runtime/status/conditions.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import {
  type CommonAction,
  type Decision,
  type Failure,
  RECHECK_OUTSIDE_MS,
  type ReconcileEvent,
  type Summary,
} from '../decision.ts';
import { noLonger } from './summary.ts';

/**
 * What the deletion of an object of any kind comes to: something is still in the way, Azure refuses, which is waited for but not for
 * ever (docs/guarantees.md G18), or the finalizer goes.
 */

/** A person lets the object go without Azure's side. */
export function isReleased({ metadata }: ManagedObject): boolean {
  return metadata.annotations?.[RELEASE_ANNOTATION] === 'true';
}

/** How a message about it begins. */
export const RELEASED = `released by annotation ${RELEASE_ANNOTATION}`;

/** @param message what stays in Azure, and why */
export function leftBehind(message: string, action = 'Delete'): ReconcileEvent {
  return { type: 'Warning', reason: 'LeftBehind', action, message };
}

export function deleting<Action, Status>(
  status: Status,
  message: string,
  againMs: number,
  actions: readonly Action[] = [],
): Decision<Action, Status> {
  return { actions, status, summary: { state: 'deleting', message, againMs } };
}

/** Azure answered, and something is still in the way: an earlier refusal is over. */
export function waiting<Action, Status>(
  object: ManagedObject,
  status: Status,
  message: string,
  againMs: number,
  more: { readonly reason?: string } = {},
): Decision<Action, Status> {
  const decision = deleting<Action, Status>(status, message, againMs);
  return { ...decision, summary: { ...decision.summary, ...more }, conditions: unblocked(object) };
}

/**
 * Nothing of the object's is left, or it has to stay: the finalizer goes, after the Events about it.
 *
 * @param before what is done while the object is still there
 */
export function finished<Status, Action = never>(
  { metadata: { name } }: ManagedObject,
  status: Status,
  events: readonly ReconcileEvent[] = [],
  before: readonly Action[] = [],
): Decision<Action | CommonAction<Status>, Status> {
  return deleting<Action | CommonAction<Status>, Status>(status, `letting go of ${name}`, 0, [
    ...before,
    ...events.map((event) => ({ type: 'recordEvent', event }) as const),
    { type: 'removeFinalizer' },
  ]);
}

/**
 * Azure refuses.
 *
 * @param stays in words, what is left in Azure once it is given up
 * @param over what is decided then, with the message of what is left behind
 */
export function refused<Action, Status>(
  object: ManagedObject,
  facts: BlockFacts,
  status: Status,
  failures: readonly [Failure, ...Failure[]],
  stays: string,
  over: (message: string) => Decision<Action, Status>,
): Decision<Action, Status> {
  const block = blockOfAll(object, facts, failures);
  if (block.state === 'held')
    return { actions: [], status, summary: block.summary, conditions: block.conditions };
  const why = failures.map(({ message }) => message).join('; ');
  return over(`${block.after}; ${stays}: ${why}`);
}

/** A deletion that waits, since it is not known yet whether something that azid gave is left. */
export type Undetermined =
  /** The first list that would show it is under way. */
  | { readonly state: 'waiting'; readonly message: string }
  /** Nothing shows it, for as long as this lasts: waited for as for a refusal (`refused`). */
  | { readonly state: 'blocked'; readonly failure: Failure };

/**
 * What is decided then. Nothing was refused, so it is read again soon: what is not known may be known in a moment.
 *
 * @param blocked what is decided while the failure lasts, as for a refusal
 */
export function whileUndetermined<Action, Status>(
  object: ManagedObject,
  status: Status,
  undetermined: Undetermined,
  blocked: (failure: Failure) => Decision<Action, Status>,
): Decision<Action, Status> {
  return undetermined.state === 'waiting'
    ? waiting(object, status, undetermined.message, FIRST_LIST_RECHECK_MS)
    : recheckedWithin(blocked(undetermined.failure), UNREAD_RECHECK_MS);
}

/** A first list is there by then. It enqueues whom it shows, and this is for those it does not. */
export const FIRST_LIST_RECHECK_MS = 5_000;

/** A list that becomes complete enqueues the objects that wait for it; this is for the rest. */
export function recheckedWithin<D extends { readonly summary: Summary }>(decision: D, ms: number): D {
  const { summary } = decision;
  if (summary.state !== 'deleting' || summary.againMs === 0) return decision;
  return { ...decision, summary: { ...summary, againMs: Math.min(summary.againMs, ms) } };
}

/** While a list may leave something out, or what the decision needs cannot be read. */
const UNREAD_RECHECK_MS = 30_000;

/** True while Azure refuses what the deletion needs; since when decides how much longer the object is held. */
const BLOCKED = 'DeletionBlocked';

type Block =
  | { readonly state: 'held'; readonly summary: Summary; readonly conditions: readonly Finding[] }
  | { readonly state: 'over'; readonly after: string };

interface BlockFacts {
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
function blockOfAll(
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
