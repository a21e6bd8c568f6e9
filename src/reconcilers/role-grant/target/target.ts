import { createHash } from 'node:crypto';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { assignmentId, parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { assignmentNames, proveOwnership } from '../../../azure/names/assignment-name.ts';
import { sameId as sameScope } from '../../../azure/names/resource-id.ts';
import { parseScope } from '../../../azure/names/scope.ts';
import { spellingFault } from '../../../azure/names/text.ts';
import { roleDefinitionId } from '../../../azure/role-assignments.ts';
import type { AzureRoleDefinition } from '../../../azure/role-definitions.ts';
import type { RoleCatalog } from '../../../cache/roles/catalog.ts';
import type { GrantRequest } from '../../../policy/grants.ts';
import { nearMiss } from '../../../policy/near-miss.ts';
import { failureOf } from '../../status/failure.ts';
import type { Facts, ObservedPrincipal, ObservedRole, RoleGrant, SeenRole } from '../facts.ts';
import { expiryOf } from '../object.ts';
import type { SeenAssignment, Target } from '../observed.ts';

/** The assignment an object asks for: its scope, its role, its id, and what the policies are asked for it. */

/**
 * The assignment an object asks for, under the first of its names: these follow from scope, role and principal alone
 * (docs/guarantees.md G10).
 */
export function targetOf(
  object: RoleGrant,
  principal: Extract<ObservedPrincipal, { state: 'known' }>,
  role: SeenRole,
  installationId: string,
): Target {
  const { scope } = object.spec;
  const names = assignmentNames(installationId, { scope, role: role.guid, principalId: principal.id });
  const [name = ''] = names;
  return {
    id: assignmentId(scope, name),
    name,
    ids: names.map((each) => assignmentId(scope, each)),
    scope,
    roleId: role.id,
    roleGuid: role.guid,
    roleName: role.name,
    principalId: principal.id,
    principalType: principal.type,
  };
}

/** The same under another of its names, counted from 0. */
export function named(target: Target, at: number): Target {
  const id = target.ids[at] ?? target.id;
  return { ...target, id, name: parseAssignmentId(id).name };
}

/** Whether this is the assignment asked for, under whichever of its names. */
export function isAsked({ ids }: Pick<Target, 'ids'>, id: string): boolean {
  return ids.some((each) => sameAssignmentId(each, id));
}

/** All three must be equal; a list also shows what is above and below (docs/guarantees.md G10). */
export function sameGrant(
  found: Pick<SeenAssignment, 'scope' | 'roleGuid' | 'principalId'>,
  target: Target,
): boolean {
  return (
    sameScope(found.scope, target.scope) &&
    found.roleGuid === target.roleGuid &&
    found.principalId === target.principalId.toLowerCase()
  );
}

/** A ledger may be forged or restored from elsewhere, a name cannot: only what proves itself is ever deleted. */
export function isOurs(
  assignment: SeenAssignment,
  { installationId }: Pick<Facts, 'installationId'>,
): boolean {
  return proveOwnership(assignment, installationId);
}

export interface RoleDeps {
  readonly roles: Pick<RoleCatalog, 'byName' | 'byId'> & Partial<Pick<RoleCatalog, 'held'>>;
}

/**
 * Which role is meant: by name (in any case), by GUID, or by full id.
 *
 * @param since monotonic ms: what was read earlier does not count
 */
export async function roleOf(
  { spec }: RoleGrant,
  context: CallContext,
  { roles }: RoleDeps,
  since?: number,
): Promise<ObservedRole> {
  const { scope } = spec;
  const { name, id } = spec.role;
  try {
    const lookup =
      id === undefined
        ? await roles.byName(scope, name ?? '', context, since)
        : await roles.byId(scope, id, context, since);
    switch (lookup.found) {
      case 'one':
        return { state: 'found', role: seenRole(scope, lookup.role) };
      case 'none':
        return notFound(name, roles);
      case 'ambiguous':
        return {
          state: 'ambiguous',
          candidates: lookup.roles.map(({ guid, type }) => `${guid} (${type})`).toSorted(),
        };
    }
  } catch (error) {
    // No role can have a name of spaces only, or with control characters.
    if (error instanceof TypeError) return { state: 'notFound' };
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

function notFound(name: string | undefined, roles: RoleDeps['roles']): ObservedRole {
  const held = roles.held?.().map(({ roleName }) => roleName) ?? [];
  const near = name === undefined ? undefined : nearMiss(name, held);
  return { state: 'notFound', ...(near !== undefined && { near }) };
}

function seenRole(scope: string, role: AzureRoleDefinition): SeenRole {
  return {
    id: roleDefinitionId(scope, role.guid),
    guid: role.guid,
    name: role.roleName,
    type: roleTypeOf(role),
    content: contentOf(role),
  };
}

/** What is not Azure's own may have been made by anybody. */
export function roleTypeOf({ type }: Pick<AzureRoleDefinition, 'type'>): SeenRole['type'] {
  return type === 'BuiltInRole' ? 'BuiltInRole' : 'CustomRole';
}

/** What the role allows, as one short text: neither its name nor the order of its actions is part of it. */
function contentOf({ permissions }: AzureRoleDefinition): string {
  const sets = permissions.map((set) =>
    JSON.stringify([
      set.actions.toSorted(),
      set.notActions.toSorted(),
      set.dataActions.toSorted(),
      set.notDataActions.toSorted(),
    ]),
  );
  return createHash('sha256').update(sets.toSorted().join('\n')).digest('hex').slice(0, 16);
}

/** What the policies are asked for an object. */
export function requestOf(
  object: RoleGrant,
  target: Pick<Target, 'roleGuid' | 'roleName' | 'scope' | 'principalId'>,
  { role }: { readonly role: Pick<SeenRole, 'type'> },
): GrantRequest {
  const expiresAt = expiryOf(object);
  return {
    roleGuid: target.roleGuid,
    roleName: target.roleName,
    roleType: role.type,
    scope: target.scope,
    principal: object.spec.principal.identityRef ? { identityRef: true } : { id: target.principalId },
    createdAt: Date.parse(object.metadata.creationTimestamp),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/**
 * A policy demands that the grant ends: one allows it until some time, none without an end. For an object whose own end cannot
 * be read.
 */
export function isEndDemanded(object: RoleGrant, { policy, target, role }: EndFacts): boolean {
  if (!target || role?.state !== 'found') return false;
  const { expiresAt: _, ...endless } = requestOf(object, target, role);
  const ending = { ...endless, expiresAt: endless.createdAt };
  return !policy.allowsGrant(endless).allowed && policy.allowsGrant(ending).allowed;
}

type EndFacts = Pick<Facts, 'policy' | 'target' | 'role'>;

/** What is wrong with the scope where the CRD's pattern lets it pass, e.g. half a resource id; else undefined. */
export function scopeProblem({ spec }: RoleGrant): string | undefined {
  const fault = spellingFault(spec.scope);
  if (fault !== undefined) return `spec.scope: ${fault}`;
  try {
    parseScope(spec.scope);
    return undefined;
  } catch (error) {
    if (error instanceof TypeError) return `spec.scope: ${error.message}`;
    throw error;
  }
}
