import { parseScope, scopeKey } from '../../world/scope.ts';
import { assignableAt, builtInRoleId } from '../definitions/definitions.ts';
import type { AuthorizationParts } from '../rights.ts';
import type { AssignmentRequest } from './assignment-body.ts';
import {
  limitExceeded,
  principalNotFound,
  scopeNotFound,
  unknownRole,
  unmatchedType,
} from './assignment-errors.ts';
import type { RoleAssignment } from './assignments.ts';

/** What a role assignment is checked for against the world: its scope, role, principal and the limits there are. */

export function assertScopeThere(parts: AuthorizationParts, scope: string): void {
  if (!scopeThere(parts, scope)) throw scopeNotFound(scope);
}

/** Parts of a resource that have no resource of their own (a container of an account) exist with it. */
export function scopeThere({ frame: { world } }: AuthorizationParts, scope: string): boolean {
  if (parseScope(scope).kind !== 'resource') return world.scopeExists(scope);
  return world.lineage(scope).some((key) => parseScope(key).kind === 'resource' && world.scopeExists(key));
}

export function assertRoleAssignable(
  { frame, definitions }: AuthorizationParts,
  guid: string,
  scope: string,
): void {
  const definition = definitions.get(guid);
  if (!definition || !assignableAt(definition, frame.world.lineage(scope))) throw unknownRole(guid);
}

export function assertWithinLimit({ frame, assignments }: AuthorizationParts, scope: string): void {
  const limit =
    parseScope(scope).kind === 'managementGroup'
      ? PER_MANAGEMENT_GROUP
      : frame.knobs.values.authorization.assignmentsPerSubscription;
  if (assignments.countAgainst(scope) >= limit) throw limitExceeded();
}

/** The type that is stored: checked against the directory as far as the principal is replicated. */
export function settlePrincipalType(
  { frame }: AuthorizationParts,
  { principalId, principalType }: AssignmentRequest,
  actual: string | undefined,
  scope: string,
): string {
  const skipsCheck =
    principalType !== undefined && !frame.knobs.values.authorization.principalNotFoundDespiteType;
  if (actual === undefined) {
    if (skipsCheck) return principalType;
    throw principalNotFound(principalId, tenantOf(frame.world, scope));
  }
  if (principalType !== undefined && principalType !== actual)
    throw unmatchedType(principalId, actual, principalType);
  return actual;
}

export function isLastOwner({ assignments }: AuthorizationParts, assignment: RoleAssignment): boolean {
  if (assignment.roleGuid !== OWNER || parseScope(assignment.scope).kind !== 'subscription') return false;
  const scope = scopeKey(assignment.scope);
  return !assignments
    .all()
    .some((other) => other !== assignment && other.roleGuid === OWNER && scopeKey(other.scope) === scope);
}

function tenantOf(world: AuthorizationParts['frame']['world'], scope: string): string {
  const parsed = parseScope(scope);
  const subscriptionId = 'subscriptionId' in parsed ? parsed.subscriptionId : undefined;
  return (subscriptionId && world.subscription(subscriptionId)?.tenantId) || world.tenantId;
}

const OWNER = builtInRoleId('Owner');

/** Fixed by Azure for a management group (docs/azure-facts.md section 5). */
const PER_MANAGEMENT_GROUP = 500;
