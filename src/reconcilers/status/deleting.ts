import { type ManagedObject, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { CommonAction, Decision, Failure, ReconcileEvent } from '../decision.ts';
import { type BlockFacts, blockOfAll } from './blocked.ts';

/** What the deletion of every kind comes to: something is still in the way, Azure refuses, or the finalizer goes. */

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
 * Azure refuses: that is waited for, but not for ever.
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
