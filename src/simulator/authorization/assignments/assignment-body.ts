import { z } from 'zod';
import type { KnobValues } from '../../knobs/schema.ts';
import { isGuid, parseScope, trailingGuid } from '../../world/scope.ts';
import { ConditionSyntaxError, parseCondition } from '../conditions/condition-reader.ts';
import { definitionId } from '../definitions/definitions.ts';
import { halfCondition, invalidCondition, invalidPrincipalId, malformed } from './assignment-errors.ts';
import { assignmentId, type RoleAssignment } from './assignments.ts';

/** What a PUT of a role assignment asks for, checked for its form but not against the world. */
export interface AssignmentRequest {
  readonly roleGuid: string;
  readonly principalId: string;
  /** Absent: to be inferred from the directory. */
  readonly principalType?: string;
  readonly condition: RoleAssignment['condition'];
  readonly description: string | null;
  readonly delegatedManagedIdentityResourceId: string | null;
}

const PRINCIPAL_TYPES = ['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device'];
/** What api-version 2026-08-01 added (docs/azure-facts.md section 5). */
const AGENT_TYPES = ['AgentUser', 'AgentServicePrincipal'];

/** Bytes; docs/azure-facts.md section 5. */
const MAX_CONDITION = 8 * 1024;
const MAX_DESCRIPTION = 2 * 1024;

const bodySchema = z.object({
  properties: z.object({
    roleDefinitionId: z.string(),
    principalId: z.string(),
    principalType: z.string().nullish(),
    condition: z.string().nullish(),
    conditionVersion: z.string().nullish(),
    description: z.string().nullish(),
    delegatedManagedIdentityResourceId: z.string().nullish(),
  }),
});

/** Throws the service's refusal of a body it cannot take. */
export function readAssignmentRequest(body: unknown, apiVersion: string): AssignmentRequest {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw malformed();
  const { properties } = parsed.data;
  const { description = null, delegatedManagedIdentityResourceId = null } = properties;
  const roleGuid = trailingGuid(properties.roleDefinitionId);
  if (!isGuid(roleGuid)) throw malformed();
  if (!isGuid(properties.principalId)) throw invalidPrincipalId(properties.principalId);
  if (description !== null && Buffer.byteLength(description) > MAX_DESCRIPTION)
    throw malformed(`The description of a role assignment must not exceed ${MAX_DESCRIPTION} bytes.`);
  const principalType = readPrincipalType(properties.principalType ?? undefined, apiVersion);
  return {
    roleGuid,
    principalId: properties.principalId.toLowerCase(),
    ...(principalType !== undefined && { principalType }),
    condition: readCondition(properties.condition ?? null, properties.conditionVersion ?? null),
    description,
    delegatedManagedIdentityResourceId,
  };
}

function readPrincipalType(given: string | undefined, apiVersion: string): string | undefined {
  if (given === undefined) return undefined;
  const known = apiVersion >= '2026-08-01' ? [...PRINCIPAL_TYPES, ...AGENT_TYPES] : PRINCIPAL_TYPES;
  const type = known.find((each) => each.toLowerCase() === given.toLowerCase());
  if (type === undefined) throw malformed(`The principal type '${given}' is not valid.`);
  return type;
}

function readCondition(text: string | null, version: string | null): AssignmentRequest['condition'] {
  if (text === null && version === null) return null;
  if (text === null || version === null) throw halfCondition();
  // A version of 1.0 gets the same answer as a broken expression (azure-docs#119449).
  if (version !== '2.0' || Buffer.byteLength(text) > MAX_CONDITION) throw invalidCondition();
  try {
    return { text, version, parsed: parseCondition(text) };
  } catch (error) {
    if (error instanceof ConditionSyntaxError) throw invalidCondition();
    throw error;
  }
}

export const ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';

/**
 * A role assignment as the service answers it: every null explicit, in the order of recorded traffic (docs/azure-facts.md
 * section 5). The role's id comes with the prefix of the scope's subscription or without it (knob).
 */
export function assignmentAnswer(assignment: RoleAssignment, { roleIdPrefix }: KnobValues['authorization']) {
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
export function creationAnswer(assignment: RoleAssignment, knobs: KnobValues['authorization']) {
  const answer = assignmentAnswer(assignment, knobs);
  const at = moment(assignment.createdOn - CREATION_SKEW_MS);
  return { ...answer, properties: { ...answer.properties, createdOn: at, updatedOn: at, createdBy: null } };
}

/** ISO 8601 with the service's seven decimals. */
export const moment = (wallMs: number): string => new Date(wallMs).toISOString().replace('Z', '0000Z');
