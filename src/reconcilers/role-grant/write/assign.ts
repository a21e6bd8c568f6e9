import { armKey } from '../../../azure/names/resource-id.ts';
import type { NamespacePolicy } from '../../../policy/evaluate.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import { otherThan, refusalsOf } from '../../status/refusals.ts';
import { finalizerOf, ownStatusOf, stalledOutside } from '../../status/summary.ts';
import { recordEnd, withoutRoom } from '../ends/ends.ts';
import type { Facts, Failed, GrantDecision, OwnStatus, RoleGrant } from '../facts.ts';
import { describe, stop, withEntry } from '../object.ts';
import type { ObservedAssignment, Target } from '../observed.ts';
import { asOwners, descriptionOf } from '../ownership/owners.ts';
import { remove } from '../removal/removal.ts';
import { isAsked } from '../target/target.ts';
import { scopeNotFound, summaryOfRefusal } from './maintain.ts';
import { withVanished } from './settle.ts';

/**
 * A GET found nothing under azid's name, and nothing equal under another: make it. The name is the same each time and a
 * PUT of an equal assignment changes nothing, so a crash at any point costs one more PUT and never a second assignment.
 */
export function assign(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  observed: Extract<ObservedAssignment, { state: 'absent' }>,
  policy: NamespacePolicy,
  allowedBy: string,
  failed?: Failed,
): GrantDecision {
  const unrecorded = withoutRoom(object, facts, target);
  if (unrecorded) return stop(object, facts, unrecorded);
  const room = makeRoom(object, facts, target, failed);
  if (room) return room;
  // Another name is tried at once: what was refused was the name.
  const tried = otherThan(failed, 'deleteAssignment');
  if (tried && (facts.namesExhausted || !wasAnotherName(tried, target)))
    return refused(object, facts, target, tried);
  if (observed.missing === 'scope') return stop(object, facts, scopeNotFound(target.scope));
  if (facts.principal.state === 'known' && facts.principal.deleting) {
    const { kind = 'UserAssignedIdentity' } = object.spec.principal.identityRef ?? {};
    const message = `the ${kind} is being deleted; nothing new is granted to it`;
    return stop(object, facts, { state: 'waiting', for: 'the identity', message, recheckMs: 30 * 60_000 });
  }
  const own = ownStatusOf(object);
  const again = own.assignmentId !== undefined && isAsked(target, own.assignmentId);
  if (again && !observed.conclusive) {
    return stop(object, facts, {
      state: 'progressing',
      reason: 'ConfirmingAbsence',
      message: `Azure does not show ${target.id} yet; it was written a moment ago, so azid reads it again before making it anew`,
      againMs: observed.conclusiveInMs,
    });
  }
  const intent: OwnStatus = {
    ...own,
    ...(again && {
      assignmentId: undefined,
      grantedAt: undefined,
      history: withVanished(own, facts.now),
    }),
    ledger: withEntry(own.ledger, target.id),
    writeStartedAt: timestamp(facts.now),
  };
  const recycled = own.assignmentId !== undefined && !again;
  return {
    actions: [
      ...finalizerOf(object),
      // First the record: what a status says that it holds counts for others, and must not without its end.
      ...recordEnd(object, facts, target),
      {
        type: 'saveStatus',
        status: intent,
        why: 'what azid is about to make must be known before it is made',
      },
      {
        type: 'putAssignment',
        target,
        description: descriptionOf(facts.installationId, asOwners(object, facts.coOwners)),
        ...(object.spec.condition && { condition: object.spec.condition.expression }),
        event: again
          ? {
              type: 'Warning',
              reason: 'Regranted',
              action: 'Create',
              message: `${describe(target)} had vanished from Azure; granted again under policy ${allowedBy}`,
              drift: { id: target.id, how: 'removed' },
            }
          : {
              type: 'Normal',
              reason: recycled ? 'Replaced' : 'Granted',
              action: 'Create',
              message: `granted ${describe(target)} under policy ${allowedBy}${recycled ? `, in place of ${own.assignmentId}` : ''}`,
            },
      },
    ],
    status: intent,
    summary: {
      state: 'progressing',
      reason: 'Granting',
      message: `granting ${describe(target)}, allowed in namespace ${policy.namespace} by policy ${allowedBy}`,
      againMs: 0,
    },
  };
}

/**
 * New before old, but for one case: as long as Azure takes no more assignments, a dead one of azid's own holds the place
 * that its successor needs. It gives no one a right.
 */
function makeRoom(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  failed: Failed | undefined,
): GrantDecision | undefined {
  if (facts.limited !== true) return undefined;
  const dead = facts.held.filter(({ dead }) => dead === true);
  const why = 'its principal is gone, and its successor needs the place';
  const [next] = remove(object, facts, dead, why, failed).deletions;
  const refusals = refusalsOf(failed, 'deleteAssignment');
  const [refusal] = dead.flatMap(({ id }) => refusals.get(armKey(id)) ?? []);
  // The place of one is enough.
  if (!next && refusal && !dead.some(({ observed }) => observed.state === 'absent')) {
    const message = `Azure takes no more role assignments there, and what is dead cannot be removed to make room: ${refusal.message}; remove role assignments that nobody needs`;
    return stop(object, facts, stalledOutside('LimitReached', message), { writeStartedAt: undefined });
  }
  if (!next) return undefined;
  const message = `Azure takes no more role assignments there: a dead one of this object goes first, then ${describe(target)} is granted`;
  return {
    ...stop(object, facts, { state: 'progressing', reason: 'Granting', message, againMs: 0 }),
    actions: [next],
  };
}

function wasAnotherName({ action, failure: { reason } }: Failed, target: Target): boolean {
  if (action.type !== 'putAssignment' || !NAME_REFUSED.has(reason)) return false;
  return action.target.id !== target.id && isAsked(target, action.target.id);
}

const NAME_REFUSED = new Set(['AssignmentNameConflict', 'RoleAssignmentUpdateNotPermitted']);

/** A refusal is an answer: nothing was made. What stood before stands, the replaced assignment included. */
function refused(object: RoleGrant, facts: Facts, target: Target, { failure }: Failed): GrantDecision {
  const change = failure.ambiguous ? {} : { writeStartedAt: undefined };
  return stop(object, facts, summaryOfRefusal(failure, target, facts), change);
}
