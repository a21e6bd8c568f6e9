import type { KnobValues } from '../../knobs/schema.ts';
import { parseScope } from '../../scope.ts';
import { definitionId } from '../definitions/definitions.ts';
import { assignmentId, type RoleAssignment } from './assignments.ts';

export const ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';

/**
 * A role assignment as the service answers it: every null explicit, in the order of recorded traffic (docs/azure-facts.md
 * section 5). The role's id comes with the prefix of the scope's subscription or without it (knob).
 */
export function assignmentAnswer(
  assignment: RoleAssignment,
  { roleIdPrefix }: Pick<KnobValues['authorization'], 'roleIdPrefix'>,
) {
  const scope = parseScope(assignment.scope);
  const subscriptionId = 'subscriptionId' in scope ? scope.subscriptionId : undefined;
  return {
    properties: {
      roleDefinitionId: definitionId(
        assignment.roleGuid,
        roleIdPrefix === 'subscription' ? subscriptionId : undefined,
      ),
      principalId: assignment.principalId,
      principalType: assignment.principalType,
      scope: assignment.scope,
      condition: assignment.condition?.text ?? null,
      conditionVersion: assignment.condition?.version ?? null,
      createdOn: moment(assignment.createdOn),
      updatedOn: moment(assignment.updatedOn),
      createdBy: assignment.createdBy,
      updatedBy: assignment.updatedBy,
      delegatedManagedIdentityResourceId: assignment.delegatedManagedIdentityResourceId,
      description: assignment.description,
    },
    id: assignmentId(assignment),
    type: ASSIGNMENT_TYPE,
    name: assignment.name,
  };
}

/** How much earlier the answer of a creation says it happened than every later read does; the size is ours. */
const CREATION_SKEW_MS = 273;

/** The body of a 201: `createdBy` is not known yet and `createdOn` is not the one of later reads (traffic). */
export function creationAnswer(
  assignment: RoleAssignment,
  knobs: Pick<KnobValues['authorization'], 'roleIdPrefix'>,
) {
  const answer = assignmentAnswer(assignment, knobs);
  const at = moment(assignment.createdOn - CREATION_SKEW_MS);
  return { ...answer, properties: { ...answer.properties, createdOn: at, updatedOn: at, createdBy: null } };
}

/** ISO 8601 with the service's seven decimals. */
export const moment = (wallMs: number): string => new Date(wallMs).toISOString().replace('Z', '0000Z');
