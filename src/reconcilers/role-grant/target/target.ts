import { assignmentId, parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { assignmentNames, proveOwnership } from '../../../azure/names/assignment-name.ts';
import { sameId as sameScope } from '../../../azure/names/resource-id.ts';
import type { Facts, ObservedPrincipal, RoleGrant, SeenAssignment, SeenRole, Target } from '../facts.ts';

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
