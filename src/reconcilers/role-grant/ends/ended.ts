import { isSuspended } from '../../../api/schema/common.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { Summary } from '../../decision.ts';
import { otherThan } from '../../status/refusals.ts';
import { stalledInside, stalledOutside, summaryOf } from '../../status/summary.ts';
import type { Facts, Failed, GrantDecision, Held, ObservedEnd, RoleGrant } from '../facts.ts';
import { ownStatus, withoutEntries } from '../object.ts';
import { notGranted } from '../propagation.ts';
import { whatRemains } from '../removal/remains.ts';
import { everything, remove, reportActions, summaryOfStays } from '../removal/removal.ts';
import { stop } from '../stop.ts';
import { heldOf, withdrawEnds } from './ends.ts';

/** The time of the grant is over: it goes, and is never made again. An edit of `expiresAt` brings it back to life. */
export function decideExpiry(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const remains = whatRemains(object, facts);
  const ended = `the grant ended at ${object.spec.expiresAt}; it is not made again: set a later spec.expiresAt, or delete the object`;
  const over = remains
    ? // Nothing announces to an object that has nothing that somebody else's assignment went.
      stalledOutside('Expired', `${ended}. But ${remains}`)
    : stalledInside('Expired', ended);
  return takeBack(object, facts, everything(facts), over, `it expired at ${object.spec.expiresAt}`, failed);
}

/** Its end cannot be read, and a policy demands one: what nobody recorded, since it stood before azid recorded ends, goes as well. */
export function decideUnreadable(
  object: RoleGrant,
  facts: Facts,
  over: Summary,
  failed?: Failed,
): GrantDecision {
  const why = 'its spec.expiresAt cannot be read, and no policy allows it without an end';
  return { ...takeBack(object, facts, everything(facts), over, why, failed), binds: true };
}

/**
 * The identity is gone for good, and its principal with it: what was granted to that principal goes. What Azure shows a
 * living identity for stays, whatever the status says of whose it was.
 */
export function decideWithoutPrincipal(
  object: RoleGrant,
  facts: Facts,
  waiting: Summary,
  failed?: Failed,
): GrantDecision {
  const held = everything(facts);
  const dead = held.filter(({ alive = false }) => !alive);
  if (dead.length === 0 && held.length > 0) return stop(object, facts, waiting);
  const decision = takeBack(object, facts, dead, waiting, 'its principal no longer exists', failed);
  if (decision.actions.length > 0 || (decision.status.ledger ?? []).length > 0) return decision;
  const gone = remove(object, facts, dead, 'its principal no longer exists', failed);
  return gone.deletions.length === 0 && !gone.stays
    ? { ...decision, actions: withdrawEnds(facts, gone.ended) }
    : decision;
}

function takeBack(
  object: RoleGrant,
  facts: Facts,
  held: readonly Held[],
  then: Summary,
  why: string,
  failed: Failed | undefined,
): GrantDecision {
  const { deletions, dropped, events, stays } = remove(object, facts, held, why, failed);
  const other = otherThan(failed, 'deleteAssignment');
  if (other && deletions.length > 0) return stop(object, facts, summaryOf(other.failure));
  if (deletions.length > 0) return { ...stop(object, facts, then), actions: deletions };
  if (stays) return stop(object, facts, summaryOfStays(stays));
  const own = ownStatus(object);
  const nothing = { assignmentId: undefined, grantedAt: undefined, writeStartedAt: undefined };
  const status = { ...own, ...nothing, ledger: withoutEntries(own.ledger, dropped) };
  return {
    actions: reportActions(status, events),
    status,
    summary: then,
    conditions: notGranted(object),
  };
}

/**
 * What the object was given has ended, and no policy allows the later end that its spec asks for by now: it goes all the
 * same, also while the object is suspended. What the spec asks for then is judged as if it had never had it.
 *
 * @param decideLife what holds for the object beside that
 */
export function decideOver(
  object: RoleGrant,
  facts: Facts,
  over: readonly ObservedEnd[],
  decideLife: (object: RoleGrant, facts: Facts, failed?: Failed) => GrantDecision,
  failed?: Failed,
): GrantDecision {
  const held = heldOf(facts, over);
  const isHeld = (id: string) => held.some((each) => sameAssignmentId(each.id, id));
  const ended = endedAt(over);
  const { deletions, dropped, events, stays } = remove(
    object,
    facts,
    held,
    `what it was given ended at ${ended}`,
    failed,
  );
  if (deletions.length > 0)
    return { ...stop(object, facts, revoking(ended)), actions: deletions, binds: true };
  const left = withoutHeld(facts, over);
  if (stays) {
    // What else it has to give up keeps nobody waiting for that.
    const actions = isSuspended(object) ? [] : removalsOf(decideLife(object, left, failed));
    return { ...stop(object, facts, summaryOfStays(stays)), actions, binds: true };
  }
  const own = ownStatus(object);
  const nothing = { assignmentId: undefined, grantedAt: undefined };
  const status = {
    ...own,
    ...(own.assignmentId !== undefined && isHeld(own.assignmentId) && nothing),
    ledger: withoutEntries(own.ledger, dropped),
  };
  const without = { ...object, status: { ...object.status, ...status } };
  const life = decideLife(without, left, failed);
  const actions = [...reportActions(status, events), ...life.actions];
  if (actions.length === 0) return { ...life, binds: true, rests: { pending: false } };
  if (!isSuspended(object)) return { ...life, actions };
  const message = `what the object was given ended at ${ended}; what it asks for now waits for spec.suspend to be false`;
  return {
    ...stop(without, facts, stalledInside('Expired', message)),
    binds: true,
    rests: { pending: true },
  };
}

/** Nothing, unless taking away is all that is to be done. */
function removalsOf({ actions }: GrantDecision): GrantDecision['actions'] {
  return actions.every(({ type }) => type === 'deleteAssignment') ? actions : [];
}

function revoking(ended: string): Summary {
  const message = `revoking what was given until ${ended}`;
  return { state: 'progressing', reason: 'Revoking', message, againMs: 0 };
}

function endedAt(over: readonly ObservedEnd[]): string {
  return timestamp(Math.max(...over.map(({ mine }) => mine?.endsAt ?? 0)));
}

function withoutHeld(facts: Facts, over: readonly ObservedEnd[]): Facts {
  const gone = new Set(over.map(({ id }) => armKey(id)));
  return { ...facts, held: facts.held.filter(({ id }) => !gone.has(armKey(id))) };
}
