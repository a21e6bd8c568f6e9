import { isObserved } from '../../../api/schema/common.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { otherThan } from '../../status/refusals.ts';
import { stalledOutside } from '../../status/summary.ts';
import { recordEnd, withoutRoom } from '../ends/ends.ts';
import type { Facts, Failed, GrantDecision, RoleGrant, SeenAssignment, Target } from '../facts.ts';
import { finalizer, ownStatus, withEntry, withoutEntries } from '../object.ts';
import { asOwners, descriptionOf, ownersOf, sameCondition } from '../ownership/owners.ts';
import { describe, stop } from '../stop.ts';
import { summaryOfRefusal } from './refusals.ts';
import { settle, statusWith } from './settle.ts';

/**
 * The assignment is there under azid's name: its text and condition are put right, what it replaces goes, the status
 * reports it.
 */
export function maintain(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  assignment: SeenAssignment,
  allowedBy: string,
  failed?: Failed,
): GrantDecision {
  const unrecorded = withoutRoom(object, facts, target);
  if (unrecorded) return stop(object, facts, unrecorded);
  const condition = object.spec.condition?.expression;
  const description = descriptionOf(facts.installationId, asOwners(object, facts.coOwners));
  const changed = [
    !sameCondition(assignment.condition, condition) && 'condition',
    (assignment.description ?? '') !== description && 'description',
  ].filter((each) => each !== false);
  if (changed.length > 0) {
    const own = ownStatus(object);
    const tried = otherThan(failed, 'deleteAssignment');
    if (tried) {
      // What others have, and this object was refused a part in, is not its own.
      const others =
        own.assignmentId === undefined && !tried.failure.ambiguous && ownersOf(facts.coOwners).length > 0;
      const change = others ? { ledger: withoutEntries(own.ledger, [target.id]) } : {};
      return stop(object, facts, summaryOfRefusal(tried.failure, target, facts), change);
    }
    const known = own.ledger?.some((id) => sameAssignmentId(id, target.id)) ?? false;
    const intent = { ...own, ledger: withEntry(own.ledger, target.id) };
    return {
      actions: [
        ...finalizer(object),
        ...recordEnd(object, facts, target),
        ...(known
          ? []
          : [
              {
                type: 'saveStatus',
                status: intent,
                why: 'what azid shares must be known before it is written',
              } as const,
            ]),
        {
          type: 'putAssignment',
          target,
          description,
          ...(condition !== undefined && { condition }),
          event: {
            type: 'Normal',
            reason: 'Updated',
            action: 'Update',
            message: `${changed.join(' and ')} of ${describe(target)} set as declared, under policy ${allowedBy}`,
            ...(isObserved(object) && { drift: { id: target.id, how: 'changed' } }),
          },
        },
      ],
      status: intent,
      summary: {
        state: 'progressing',
        reason: 'Updating',
        message: `updating ${describe(target)}`,
        againMs: 0,
      },
    };
  }
  const status = statusWith(object, facts, target, assignment);
  const ledger = withEntry(status.ledger, target.id);
  const record = recordEnd(object, facts, target);
  if (record.length > 0) {
    const message = `recording when ${describe(target)} ends`;
    const summary = { state: 'progressing', reason: 'Settling', message, againMs: 0 } as const;
    return { actions: [...finalizer(object), ...record], status: { ...status, ledger }, summary };
  }
  const events = { reason: 'Granted', message: `${describe(target)} is granted as declared` };
  return settle(object, facts, target, { ...status, ledger }, events, failed);
}

/**
 * Somebody else granted the same under another name, and Azure allows it only once: satisfied, not owned. It is never
 * changed nor removed; should it vanish, azid makes its own.
 */
export function satisfied(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  duplicate: SeenAssignment,
  failed?: Failed,
): GrantDecision {
  if (!sameCondition(duplicate.condition, object.spec.condition?.expression)) {
    return stop(
      object,
      facts,
      stalledOutside(
        'ConflictingAssignment',
        `${describe(target)} exists as ${duplicate.id}, which azid did not make, with ${duplicate.condition === undefined ? 'no condition' : 'another condition'}; remove it, or declare the same condition`,
      ),
    );
  }
  const status = statusWith(object, facts, target, duplicate);
  const message = `${describe(target)} is granted as ${duplicate.id}, which azid did not make and leaves alone`;
  return settle(object, facts, target, status, { reason: 'ExistsUnmanaged', message }, failed);
}
