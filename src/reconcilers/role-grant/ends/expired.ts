import type { Summary } from '../../decision.ts';
import { otherThan } from '../../status/refusals.ts';
import { ownStatusOf, stalledInside, stalledOutside, summaryOf } from '../../status/summary.ts';
import type { Facts, Failed, GrantDecision, RoleGrant } from '../facts.ts';
import { asCoOwner, everything, notGranted, stop, withoutEntries } from '../object.ts';
import type { Held } from '../observed.ts';
import { ownersOf } from '../ownership/owners.ts';
import { remove, reportActions, summaryOfStays } from '../removal/removal.ts';
import { isAsked, isEndDemanded } from '../target/target.ts';
import { overOf, withdrawEnds } from './ends.ts';
import { decideOver } from './over.ts';

/** The time of the grant is over: it goes, and is never made again. An edit of `expiresAt` brings it back to life. */
export function decideExpiry(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const remains = whatRemains(object, facts);
  const ended = `the grant ended at ${object.spec.expiresAt}; it is not made again: set a later spec.expiresAt, or delete the object`;
  const over = remains
    ? // An object that has nothing is not enqueued when another's assignment goes.
      stalledOutside('Expired', `${ended}. But ${remains}`)
    : stalledInside('Expired', ended);
  return takeBack(object, facts, everything(facts), over, `it expired at ${object.spec.expiresAt}`, failed);
}

/**
 * Nothing is given until a time that is none. What was given before ends when it was to, as its record says; without a record it
 * is over where a policy demands an end, and stays where a policy allows it without one.
 */
export function decideNoTime(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const message = `spec.expiresAt: expected a time such as 2026-12-01T12:00:00Z, got '${object.spec.expiresAt}'; correct it`;
  const summary = stalledInside('InvalidExpiry', message);
  const over = overOf(facts);
  const stalled = (each: RoleGrant, given: Facts) => stop(each, given, summary);
  if (over.length > 0) return decideOver(object, facts, over, stalled, failed);
  const { principal } = facts;
  if (principal.state === 'waiting' && principal.dead)
    return decideWithoutPrincipal(object, facts, summary, failed);
  if ([...facts.ends.values()].some(({ mine }) => mine?.endsAt !== undefined)) return stalled(object, facts);
  return isEndDemanded(object, facts)
    ? decideUnreadable(object, facts, summary, failed)
    : stalled(object, facts);
}

/** Its end cannot be read, and a policy demands one: what has no record, since it stood before azid recorded ends, goes as well. */
function decideUnreadable(object: RoleGrant, facts: Facts, over: Summary, failed?: Failed): GrantDecision {
  const why = 'its spec.expiresAt cannot be read, and no policy allows it without an end';
  return { ...takeBack(object, facts, everything(facts), over, why, failed), binds: true };
}

/**
 * The identity is gone for good, and its principal with it: what was granted to that principal goes. What Azure shows a
 * living identity for stays, also where the status says that it was the object's.
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
  const own = ownStatusOf(object);
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
 * What still gives the role when azid's part in it is over: an assignment that azid did not make, or azid's own,
 * which other objects ask for. Undefined: nothing that is known of.
 */
function whatRemains(object: RoleGrant, facts: Facts): string | undefined {
  const { duplicate, target, held } = facts;
  if (duplicate) return `${duplicate.id}, which azid did not make and leaves alone, still gives the role`;
  const me = asCoOwner(object);
  // Of one that is denied by now it is among what the ledger holds.
  const kept = held.find(({ id }) => target !== undefined && isAsked(target, id));
  const { observed, coOwners } = kept ?? { observed: facts.azure, coOwners: facts.coOwners };
  const [first] = ownersOf(coOwners.filter(({ uid }) => uid !== me.uid));
  if (observed?.state !== 'present' || !first) return undefined;
  return `${observed.assignment.id} stays and still gives the role, since RoleGrant ${first.key} asks for the same`;
}
