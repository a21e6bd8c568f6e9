import { createHash } from 'node:crypto';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { roleDefinitionId } from '../../../azure/role-assignments.ts';
import type { AzureRoleDefinition } from '../../../azure/role-definitions.ts';
import type { RoleCatalog } from '../../../cache/roles/catalog.ts';
import { nearMiss } from '../../../policy/near-miss.ts';
import { failureOf } from '../../status/failure.ts';
import type { ObservedRole, RoleGrant, SeenRole } from '../facts.ts';

/** Which role is meant: by name (in any case), by GUID, or by full id. */

export interface RoleDeps {
  readonly roles: Pick<RoleCatalog, 'byName' | 'byId'> & Partial<Pick<RoleCatalog, 'held'>>;
}

/** @param since monotonic ms: what was read earlier does not count */
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
