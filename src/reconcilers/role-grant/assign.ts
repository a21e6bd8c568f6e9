import type { NamespacePolicy } from '../../policy/evaluate.ts';
import { timestamp } from '../../runtime/conditions.ts';
import type { AssignmentView, Facts, Failed, GrantDecision, OwnStatus, RoleGrant, Target } from './facts.ts';
import { withVanished } from './history.ts';
import { finalizer, ownStatus, withEntry } from './own.ts';
import { asOwners, descriptionOf } from './owners.ts';
import { scopeNotFound, summaryOfRefusal } from './refusals.ts';
import { describe, sameAssignmentId, stop } from './standing.ts';

/**
 * A GET found nothing under azid's name, and nothing equal under another: make it. The name is the same each time and a
 * PUT of an equal assignment changes nothing, so a crash at any point costs one more PUT and never a second assignment.
 */
export function assign(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  view: Extract<AssignmentView, { state: 'absent' }>,
  policy: NamespacePolicy,
  allowedBy: string,
  failed?: Failed,
): GrantDecision {
  if (failed) return refused(object, facts, target, failed);
  if (view.missing === 'scope') return stop(object, facts, scopeNotFound(target.scope));
  if (facts.principal.state === 'known' && facts.principal.leaving) {
    const { kind = 'UserAssignedIdentity' } = object.spec.principal.identityRef ?? {};
    const message = `the ${kind} is being deleted; nothing new is granted to it`;
    return stop(object, facts, { state: 'waiting', for: 'the identity', message, recheckMs: 30 * 60_000 });
  }
  const own = ownStatus(object);
  const again = sameAssignmentId(own.assignmentId, target.id);
  if (again && !view.conclusive) {
    return stop(object, facts, {
      state: 'progressing',
      reason: 'ConfirmingAbsence',
      message: `Azure does not show ${target.id} yet; it was written a moment ago, so azid looks again before making it anew`,
      againMs: view.conclusiveInMs,
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
      ...finalizer(object),
      {
        type: 'saveStatus',
        status: intent,
        why: 'what azid is about to make must be known before it is made',
      },
      {
        type: 'putAssignment',
        target,
        description: descriptionOf(facts.installationId, asOwners(object, facts.peers)),
        ...(object.spec.condition && { condition: object.spec.condition.expression }),
        note: again
          ? {
              type: 'Warning',
              reason: 'Regranted',
              action: 'Create',
              message: `${describe(target)} had vanished from Azure; granted again under policy ${allowedBy}`,
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

/** A refusal is an answer: nothing was made. What stood before stands, the replaced assignment included. */
function refused(object: RoleGrant, facts: Facts, target: Target, { failure }: Failed): GrantDecision {
  const change = failure.ambiguous ? {} : { writeStartedAt: undefined };
  return stop(object, facts, summaryOfRefusal(failure, target, facts), change);
}
