import { z } from 'zod';
import { ConditionSyntaxError, parseCondition } from '../conditions/conditions.ts';
import { isGuid, trailingGuid } from '../guid.ts';
import { halfCondition, invalidCondition, invalidPrincipalId, malformed } from './assignment-errors.ts';
import type { RoleAssignment } from './assignments.ts';

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
