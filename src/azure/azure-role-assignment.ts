import type { RoleAssignment } from '@azure/arm-authorization';
import { AzureError, LOCAL_CODES } from './arm/errors.ts';
import { armKey } from './names/resource-id.ts';
import { parseScope } from './names/scope.ts';
import { asciiLower } from './names/text.ts';

/** A role assignment as Azure showed it. Spelling of `id` and `scope` as given; compare by `key`. */
export interface AzureRoleAssignment {
  readonly id: string;
  /** `armKey(id)`. */
  readonly key: string;
  /** Lower case. */
  readonly name: string;
  /** Its own: a list also shows what is inherited from above or lies below. The tenant is `/`. */
  readonly scope: string;
  readonly roleDefinitionId: string;
  /** The GUID at the end of `roleDefinitionId`, lower case; ids of one role differ in their prefix (docs/azure-facts.md section 2). */
  readonly roleGuid: string;
  /** Lower case. */
  readonly principalId: string;
  /** Frozen when it was made, also if the principal is gone (docs/azure-facts.md section 6). */
  readonly principalType: string;
  readonly condition?: string;
  readonly conditionVersion?: string;
  readonly description?: string;
  /** Wall ms. The answer of a creation has another one than later reads (docs/azure-facts.md section 5): no content. */
  readonly createdOn?: number;
  /** Object id of the principal that made it, lower case; absent in the answer to a PUT (docs/azure-facts.md section 5). No content either. */
  readonly createdBy?: string;
}

const COLLECTION = '/providers/microsoft.authorization/roleassignments/';

/** The id at a scope, spelt as Azure does. */
export function assignmentId(scope: string, name: string): string {
  const at = parseScope(scope).kind === 'tenant' ? '' : scope.replace(/\/+$/, '');
  return `${at}/providers/Microsoft.Authorization/roleAssignments/${name}`;
}

/** Takes an id apart; throws `TypeError` for that of anything else, and for a scope that azid would never grant at. */
export function parseAssignmentId(id: string): { scope: string; name: string } {
  const at = asciiLower(id).lastIndexOf(COLLECTION);
  const name = id.slice(at + COLLECTION.length);
  if (at < 0 || name === '' || name.includes('/'))
    throw new TypeError(
      `Expected the id of a role assignment (<scope>/providers/Microsoft.Authorization/roleAssignments/<name>), got '${id.slice(0, 200)}'`,
    );
  const scope = id.slice(0, at) || '/';
  parseScope(scope);
  return { scope, name };
}

/**
 * An answer of the SDK, checked: one without scope, role or principal proves nothing and is refused as
 * `IncompleteAnswer`, which comes to a retry. A list keeps it, empty where it says nothing (`lenient`), since one odd
 * entry that another tool made must not hide all others.
 */
export function readAssignment(answer: RoleAssignment, how?: 'lenient' | 'written'): AzureRoleAssignment {
  const { id, name, scope, roleDefinitionId = '', principalId, principalType } = answer;
  const { condition, conditionVersion, description, createdOn, createdBy } = answer;
  const roleGuid = roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1).toLowerCase();
  if (!id || ((!name || !scope || !roleGuid || !principalId) && how !== 'lenient'))
    throw new AzureError({
      code: LOCAL_CODES.incomplete,
      message: `expected a role assignment with name, scope, role and principal, got ${id ? `${id} without all of them` : 'none'}`,
      ambiguous: how === 'written',
    });
  return {
    id,
    key: armKey(id),
    name: (name ?? '').toLowerCase(),
    scope: scope ?? '',
    roleDefinitionId,
    roleGuid,
    principalId: (principalId ?? '').toLowerCase(),
    principalType: principalType ?? '',
    ...(condition && { condition }),
    ...(conditionVersion && { conditionVersion }),
    ...(description && { description }),
    ...(createdOn && { createdOn: createdOn.getTime() }),
    ...(createdBy && { createdBy: createdBy.toLowerCase() }),
  };
}

/** Whether two observations say the same. */
export function sameAssignment(left: AzureRoleAssignment, right: AzureRoleAssignment): boolean {
  return (
    sameGrant(left, right) &&
    left.principalType.toLowerCase() === right.principalType.toLowerCase() &&
    left.condition === right.condition &&
    left.conditionVersion === right.conditionVersion &&
    left.description === right.description
  );
}

/** Whether they grant the same to the same: all three must be equal (docs/guarantees.md G10), and the name. */
export function sameGrant(left: AzureRoleAssignment, right: AzureRoleAssignment): boolean {
  return left.key === right.key && left.roleGuid === right.roleGuid && left.principalId === right.principalId;
}

export function sameAssignmentId(a: string | undefined, b: string): boolean {
  return a !== undefined && armKey(a) === armKey(b);
}
