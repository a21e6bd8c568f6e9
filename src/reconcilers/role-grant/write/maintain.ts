import { isObserved } from '../../../api/schema/common.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { type Failure, RECHECK_OUTSIDE_MS, type Summary } from '../../decision.ts';
import { otherThan } from '../../status/refusals.ts';
import { finalizerOf, ownStatusOf, stalledOutside, summaryOf } from '../../status/summary.ts';
import { recordEnd, withoutRoom } from '../ends/ends.ts';
import type { Facts, Failed, GrantDecision, RoleGrant } from '../facts.ts';
import { describe, stop, withEntry, withoutEntries } from '../object.ts';
import type { SeenAssignment, Target } from '../observed.ts';
import { asOwners, descriptionOf, ownersOf, sameCondition } from '../ownership/owners.ts';
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
    const own = ownStatusOf(object);
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
        ...finalizerOf(object),
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
    return { actions: [...finalizerOf(object), ...record], status: { ...status, ledger }, summary };
  }
  const events = { reason: 'Granted', message: `${describe(target)} is granted as declared` };
  return settle(object, facts, target, { ...status, ledger }, events, failed);
}

/**
 * Another tool or a user granted the same under another name, and Azure allows it only once: satisfied, not owned. It is never
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

/** What Azure's refusal of a PUT means here, where it means more than its code says. */
export function summaryOfRefusal(failure: Failure, target: Target, facts: Facts): Summary {
  const { principal, azure } = facts;
  // The GET after the refusal says whether there is anything to grant on.
  if (azure?.state === 'absent' && azure.missing === 'scope') return scopeNotFound(target.scope);
  switch (failure.reason) {
    case 'PrincipalNotFound':
      return principal.state === 'known' && principal.young
        ? { state: 'retrying', failure }
        : stalledOutside(
            'PrincipalNotFound',
            `Azure's directory has no principal ${target.principalId}; give the object id (not the client id) of a principal that exists`,
          );
    case 'AuthorizationFailed':
      return isDelegationDenial(failure)
        ? {
            state: 'stalled',
            reason: 'AzureDelegationDenied',
            message: `Azure does not let azid grant ${describe(target)}: give azid's identity Microsoft.Authorization/roleAssignments/write there, or name role ${target.roleGuid} in the condition of its own role assignment; ${failure.message}`,
            recheckMs: RECHECK_OUTSIDE_MS,
          }
        : summaryOf(failure);
    case 'AssignmentNameConflict':
    case 'RoleAssignmentUpdateNotPermitted':
      // One that may pass has another try, and then the next name has one.
      return facts.namesExhausted === true
        ? nameTaken(target, failure.message)
        : { state: 'retrying', failure: { ...failure, kind: 'transient' } };
    case 'RoleAssignmentExists':
    case 'AlreadyExists':
      return {
        state: 'retrying',
        failure: { ...failure, kind: 'transient', reason: 'RoleAssignmentExists' },
      };
    default:
      return isScopeMissing(failure) ? scopeNotFound(target.scope) : summaryOf(failure);
  }
}

/**
 * Of a call whose names and principal follow from azid itself only the scope can be missing, under any of
 * Azure's codes.
 */
export function isScopeMissing({ reason }: Failure): boolean {
  return SCOPE_MISSING.has(reason);
}

const SCOPE_MISSING: ReadonlySet<string> = new Set([
  'ParentNotFound',
  'ResourceGroupNotFound',
  'ResourceNotFound',
  'ScopeNotFound',
]);

/** None of the names is free: only those who made what has them, or Azure's support, can free one. */
export function nameTaken(target: Target, answer?: string): Summary {
  return stalledOutside(
    'AssignmentNameConflict',
    `Azure takes none of the ${target.ids.length} names that azid may give to ${describe(target)}: remove what has them, or ask Azure's support; azid tries again every ${RECHECK_OUTSIDE_MS / 60_000} minutes: ${target.ids.join(', ')}${answer === undefined ? '' : `; ${answer}`}`,
  );
}

export function scopeNotFound(scope: string): Summary {
  return stalledOutside(
    'ScopeNotFound',
    `scope ${scope} does not exist, or azid cannot see it; make it, or correct spec.scope: azid tries again every ${RECHECK_OUTSIDE_MS / 60_000} minutes`,
  );
}

/**
 * The text of every refused roleAssignments/write (docs/azure-facts.md section 5): it is the same for a condition and
 * for a missing right.
 */
function isDelegationDenial({ message }: Failure): boolean {
  return /ABAC condition/i.test(message);
}
