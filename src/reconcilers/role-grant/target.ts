import { assignmentName, proveOwnership } from '../../azure/assignment-name.ts';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import type { Facts, PrincipalView, RoleGrant, SeenAssignment, SeenRole, Target } from './facts.ts';

/** The assignment an object asks for: its name follows from scope, role and principal alone (guarantees.md G10). */
export function targetOf(
  object: RoleGrant,
  principal: Extract<PrincipalView, { state: 'known' }>,
  role: SeenRole,
  installationId: string,
): Target {
  const { scope } = object.spec;
  const name = assignmentName(installationId, { scope, role: role.guid, principalId: principal.id });
  return {
    id: assignmentId(scope, name),
    name,
    scope,
    roleId: role.id,
    roleGuid: role.guid,
    roleName: role.name,
    principalId: principal.id,
    principalType: principal.type,
  };
}

/** A ledger may be forged or restored from elsewhere, a name cannot: only what proves itself is ever deleted. */
export function isOurs(
  assignment: SeenAssignment,
  { installationId }: Pick<Facts, 'installationId'>,
): boolean {
  return proveOwnership(assignment, installationId);
}
