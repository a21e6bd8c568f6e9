import { MAX_EXPIRY_OWNERS } from '../../../api/assignment-expiry.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { Summary } from '../../decision.ts';
import { stalledOutside } from '../../status/summary.ts';
import type { Action, Facts, Held, ObservedEnd, RoleGrant, Target } from '../facts.ts';
import { expiryOf } from '../object.ts';
import { everything } from '../removal/removal.ts';
import { isEndDemanded, requestOf } from '../target/request.ts';

import { isOver } from './recorded.ts';

/**
 * Ends that bind (docs/guarantees.md G23): what azid recorded of them, out of reach of the object's owner, and what of it is to
 * change. An end is recorded before the assignment is made. An earlier one counts at once, since taking away needs no
 * permission; a later one, or none, only while a policy allows it.
 */

/** The object has an end, and the record of the assignment has no room for it: nothing is given whose end could not be recorded. */
export function withoutRoom(
  object: RoleGrant,
  { ends }: Pick<Facts, 'ends'>,
  target: Target,
): Summary | undefined {
  const known = ends.get(armKey(target.id));
  if (expiryOf(object) === undefined || known?.mine || !known?.full) return undefined;
  const message = `${MAX_EXPIRY_OWNERS} RoleGrants have the role assignment already, so the end of another cannot be recorded, and nothing is given whose end is not: use one RoleGrant for several users, or delete one that nobody needs`;
  return stalledOutside('TooManyOwners', message);
}

/** What is to be recorded before `target` is given, or kept, as the policies allow it now. Nothing, where nobody has an end. */
export function recordEnd(object: RoleGrant, { ends }: Pick<Facts, 'ends'>, target: Target): Action[] {
  const known = ends.get(armKey(target.id));
  const end = expiryOf(object);
  const asWanted = known?.mine
    ? known.mine.endsAt === end
    : (known?.full ?? false) || (end === undefined && known?.recorded !== true);
  return asWanted ? [] : [recordAction(object.spec.expiresAt, target.id, target)];
}

/**
 * Ends that the spec puts before the recorded ones, or that are not recorded though the object has the assignment.
 * One that cannot be read is over, where a policy demands one and no record shows what it was.
 */
export function earlierEnds(object: RoleGrant, facts: Facts): Action[] {
  const { ends, target, now } = facts;
  const end = expiryOf(object);
  if (end === undefined) return [];
  const unreadable = Number.isNaN(end);
  if (unreadable && !isEndDemanded(object, facts)) return [];
  const expiresAt = unreadable ? timestamp(now) : object.spec.expiresAt;
  const isTarget = (id: string) => target !== undefined && armKey(id) === armKey(target.id);
  return [...ends.values()]
    .filter(({ id, held, full, mine }) =>
      // Another id in a ledger may have been put there by whoever may write a status: no end of this object's is its end.
      mine
        ? mine.endsAt === undefined || mine.endsAt > end
        : held && !full && isTarget(id) && (unreadable || isBorneOut(id, object, facts)),
    )
    .map(({ id }) => recordAction(expiresAt, id, isTarget(id) ? target : undefined));
}

/** A record proves that the object was given the assignment, so a ledger alone must not lead to one: a policy allows it, or the mark says so. */
function isBorneOut(id: string, object: RoleGrant, { policy, target, role, held }: Facts): boolean {
  if (!target || role?.state !== 'found') return false;
  if (policy.allowsGrant(requestOf(object, target, role)).allowed) return true;
  return held.some(
    ({ id: each, observed, unproven = false }) =>
      armKey(each) === armKey(id) && observed.state === 'present' && !unproven,
  );
}

function recordAction(
  expiresAt: string | undefined,
  assignmentId: string,
  target: Target | undefined,
): Action {
  return {
    type: 'recordEnd',
    assignmentId,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(target && { role: target.roleName, principalId: target.principalId }),
  };
}

/** What the object had is gone, or is held by others with ends of their own in the record: it no longer counts for the end. */
export function withdrawEnds({ ends }: Pick<Facts, 'ends'>, ids: readonly string[]): Action[] {
  const keys = new Set(ids.map(armKey));
  return [...ends]
    .filter(([key, { mine }]) => mine !== undefined && keys.has(key))
    .map(([, { id }]) => ({ type: 'withdrawEnd', assignmentId: id }));
}

/** Assignments whose recorded end is over. */
export function overOf({ ends, now }: Pick<Facts, 'ends' | 'now'>): readonly ObservedEnd[] {
  return [...ends.values()].filter((each) => isOver(each, now));
}

/** The same with what Azure shows of them. */
export function heldOf(facts: Facts, over: readonly ObservedEnd[]): readonly Held[] {
  const keys = new Set(over.map(({ id }) => armKey(id)));
  return everything(facts).filter(({ id }) => keys.has(armKey(id)));
}

/** The last end that is still to come, wall ms: what the object has now ends then, whatever its spec says. */
export function comingEnd({ ends, now }: Pick<Facts, 'ends' | 'now'>): number | undefined {
  const coming = [...ends.values()].flatMap(({ mine }) =>
    mine?.endsAt !== undefined && mine.endsAt > now ? mine.endsAt : [],
  );
  return coming.length > 0 ? Math.min(...coming) : undefined;
}
