/**
 * The built-in roles of the simulated Azure: a good hundred of the 900 there are, those people grant.
 * What could not be checked against Microsoft's reference is left out rather than guessed.
 */
import { COMPUTE_ROLES } from '../roles/compute.ts';
import { GENERAL_ROLES } from '../roles/general.ts';
import { OPERATIONS_ROLES } from '../roles/operations.ts';
import type { BuiltInRole } from '../roles/role.ts';
import { SECURITY_ROLES } from '../roles/security.ts';
import { SERVICE_ROLES } from '../roles/services.ts';
import { STORAGE_ROLES } from '../roles/storage.ts';

export const BUILT_IN_ROLES: readonly BuiltInRole[] = [
  ...GENERAL_ROLES,
  ...STORAGE_ROLES,
  ...SECURITY_ROLES,
  ...COMPUTE_ROLES,
  ...SERVICE_ROLES,
  ...OPERATIONS_ROLES,
];

const byName = new Map(BUILT_IN_ROLES.map((each) => [each.roleName.toLowerCase(), each]));

/** GUID of a built-in role by its exact name, any case; throws for a name that is not in the table. */
export function builtInRoleId(roleName: string): string {
  const found = byName.get(roleName.toLowerCase());
  if (!found) throw new Error(`Expected the name of a built-in role of the simulator, got "${roleName}"`);
  return found.guid;
}
