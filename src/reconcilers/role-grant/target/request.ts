import { spellingFault } from '../../../azure/names/ascii.ts';
import { parseScope } from '../../../azure/names/scope.ts';
import type { GrantRequest } from '../../../policy/grants.ts';
import type { Facts, RoleGrant, SeenRole, Target } from '../facts.ts';
import { expiryOf } from '../object.ts';

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
