import { sameAssignmentId } from '../../azure/azure-role-assignment.ts';
import { spellingFault } from '../../azure/names/text.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS, type ReconcileEvent, type Summary } from '../decision.ts';
import { notAllowed, stalledInside, stalledOutside, summaryOf } from '../status/summary.ts';
import { earlierEnds, overOf } from './ends/ends.ts';
import { decideExpiry, decideNoTime, decideWithoutPrincipal } from './ends/expired.ts';
import { decideEnded, RECHECK_LOADING_MS } from './ends/over.ts';
import type { Facts, Failed, GrantDecision, ObservedPrincipal, ObservedRole, RoleGrant } from './facts.ts';
import { asCoOwner, comingEnd, describe, expiryOf, isExpired, stop, withoutEntries } from './object.ts';
import { conflictWith } from './ownership/owners.ts';
import { decideDeletion } from './removal/deletion.ts';
import { isInLedger, notGiven, reportActions } from './removal/removal.ts';
import { isAnothers } from './target/names.ts';
import { requestOf, scopeProblem } from './target/target.ts';
import { assign } from './write/assign.ts';
import { isScopeMissing, maintain, nameTaken, satisfied, scopeNotFound } from './write/maintain.ts';

/**
 * From what is known to what to do, for one RoleGrant. Pure: the controller performs the actions, observes again and
 * decides again until nothing is left to do, so every status shows what was seen, not what was tried.
 *
 * The policies are asked each time before anything is granted; where they deny, what stands is kept and nothing is
 * changed. What is taken away needs no permission.
 *
 * @param failed the action that failed just before, if one did
 */
export function decide(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const decision = decideAll(object, facts, failed);
  return decision.actions.length === 0 && !object.metadata.deletionTimestamp
    ? withoutUnproven(object, facts, decision)
    : decision;
}

/**
 * Nothing is to be done in Azure, as where the object is denied, waits or is suspended; but its ledger names what it was never given:
 * that goes from the status all the same, and nothing changes in Azure for it.
 */
function withoutUnproven(object: RoleGrant, facts: Facts, decision: GrantDecision): GrantDecision {
  const { dropped, events } = unproven(object, facts);
  if (dropped.length === 0) return decision;
  const { assignmentId } = decision.status;
  const isShown = dropped.some((id) => sameAssignmentId(assignmentId, id));
  const status = {
    ...decision.status,
    ...(isShown && { assignmentId: undefined, grantedAt: undefined }),
    ledger: withoutEntries(decision.status.ledger, dropped),
  };
  return { ...decision, status, actions: reportActions(status, events), binds: true };
}

/** Entries of the ledger of an object that keeps what it has, and that was never given these. */
function unproven(
  object: RoleGrant,
  { held }: Facts,
): { dropped: readonly string[]; events: readonly ReconcileEvent[] } {
  const dropped = held
    .filter(
      ({ id, observed, unproven = false }) =>
        unproven && observed.state === 'present' && isInLedger(object, id),
    )
    .map(({ id }) => id);
  return { dropped, events: dropped.map(notGiven) };
}

function decideAll(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const earlier = earlierEnds(object, facts);
  if (earlier.length > 0) return { ...stop(object, facts, recording(object)), actions: earlier, binds: true };
  if (object.metadata.deletionTimestamp) return decideDeletion(object, facts, failed);
  if (Number.isNaN(expiryOf(object))) return decideNoTime(object, facts, failed);
  if (isExpired(object, facts.now)) return { ...decideExpiry(object, facts, failed), binds: true };
  const ended = overOf(facts).length > 0 && decideEnded(object, facts, decideLife, failed);
  if (ended) return ended;
  return untilItsEnd(decideLife(object, facts, failed), facts);
}

function recording({ spec }: RoleGrant): Summary {
  const message = `recording that the grant ends at ${spec.expiresAt}`;
  return { state: 'progressing', reason: 'Settling', message, againMs: 0 };
}

/** Where longer is asked for than is allowed, the message says until when the present grant lasts. */
function untilItsEnd(decision: GrantDecision, facts: Facts): GrantDecision {
  const { summary } = decision;
  const end = comingEnd(facts);
  if (end === undefined || summary.state !== 'stalled' || summary.reason !== 'PolicyDenied') return decision;
  const message = `${summary.message}; what was granted before ends at ${timestamp(end)}`;
  return { ...decision, summary: { ...summary, message } };
}

function decideLife(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const { policy, principal, role, target, azure } = facts;
  const malformed = scopeProblem(object);
  if (malformed !== undefined) return stop(object, facts, stalledInside('InvalidScope', malformed));
  const anything = policy.allowsAnyGrantAt(object.spec.scope);
  const denied = anything.allowed ? undefined : notAllowed(object, anything);
  // What a principal that is gone still has is revoked, allowed or not: taking away needs no permission.
  if (principal.state === 'waiting' && principal.dead)
    return decideWithoutPrincipal(object, facts, denied ?? waitingFor(principal), failed);
  if (denied) return stop(object, facts, denied);
  if (role?.state === 'loading') return stop(object, facts, loading(object));
  if (principal.state === 'waiting') return stop(object, facts, waitingFor(principal));
  if (principal.state === 'unreadable') return stop(object, facts, summaryOf(principal.failure));
  if (facts.selfId !== undefined && facts.selfId.toLowerCase() === principal.id.toLowerCase()) {
    const message = `principal ${principal.id} is azid's own; no object can grant it anything: name another principal`;
    return stop(object, facts, stalledInside('ReservedIdentity', message));
  }
  if (role?.state !== 'found' || !target) return stop(object, facts, withoutRole(object, role));

  const verdict = policy.allowsGrant(requestOf(object, target, role));
  if (!verdict.allowed) return stop(object, facts, notAllowed(object, verdict));
  const first = conflictWith(asCoOwner(object), facts.coOwners);
  if (first) {
    const message = `${describe(target)} is granted for RoleGrant ${first.key} with ${first.condition === undefined ? 'no condition' : 'another condition'}, and Azure knows it only once: declare the same condition in both, or delete one`;
    return stop(object, facts, stalledInside('ConflictingGrant', message));
  }

  switch (azure?.state) {
    case undefined:
    case 'loading':
      return stop(object, facts, loading(object));
    case 'unreadable':
      return stop(object, facts, summaryOf(azure.failure));
    case 'absent':
      // The same grant under a name that is not azid's: known from the cache, or from the 409 just answered.
      if (facts.duplicate) return satisfied(object, facts, target, facts.duplicate, failed);
      return assign(object, facts, target, azure, policy, verdict.policy, failed);
    case 'present':
      if (isAnothers(azure.assignment, target)) return stop(object, facts, nameTaken(target));
      return maintain(object, facts, target, azure.assignment, verdict.policy, failed);
  }
}

function waitingFor(principal: Extract<ObservedPrincipal, { state: 'waiting' }>): Summary {
  const { message, unclear = false, keep = false } = principal;
  const recheckMs = keep ? RECHECK_LOADING_MS : unclear ? RECHECK_OUTSIDE_MS : RECHECK_INSIDE_MS;
  return { state: 'waiting', for: principal.for, message, recheckMs, keep };
}

/** The lists enqueue the objects that wait for them. */
function loading({ spec, status, metadata }: RoleGrant): Summary {
  return {
    state: 'waiting',
    for: `the first list of role assignments at ${spec.scope}`,
    message: `waiting for the first list of role assignments at ${spec.scope}`,
    recheckMs: 60_000,
    keep: status?.observedGeneration === metadata.generation,
  };
}

function withoutRole(
  { spec }: RoleGrant,
  role: Exclude<ObservedRole, { state: 'found' }> | ObservedRole | undefined,
): Summary {
  const { name, id } = spec.role;
  const field = name === undefined ? `spec.role.id: role ${id}` : `spec.role.name: role '${name}'`;
  switch (role?.state) {
    case 'ambiguous':
      return stalledOutside(
        'AmbiguousRole',
        `${field} is the name of several roles at ${spec.scope}: ${role.candidates.join(', ')}; give one of them as spec.role.id`,
      );
    case 'unreadable':
      // Roles are read at the scope, too.
      return isScopeMissing(role.failure) ? scopeNotFound(spec.scope) : summaryOf(role.failure);
    case 'notFound':
    case 'loading':
    case 'found':
    case undefined:
      return stalledOutside(
        'RoleNotFound',
        `${field} does not exist or cannot be assigned at ${spec.scope}${hint(spec.role.name, role)}; correct it (az role definition list shows names and ids), or make the role assignable there`,
      );
  }
}

/** A blank that does not show, or a name that is nearly one. */
function hint(name: string | undefined, role: ObservedRole | undefined): string {
  const fault = name === undefined ? undefined : spellingFault(name);
  if (fault !== undefined) return `: ${fault}`;
  return role?.state === 'notFound' && role.near !== undefined ? `: did you mean ${role.near}?` : '';
}
