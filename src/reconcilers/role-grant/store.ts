import type { RoleGrant } from '../../api/role-grant.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<RoleGrant> = {
  name: 'grants',
  indexes: {
    [INDEX.identityRef]: referredIdentity,
    [INDEX.systemIdentityRef]: referredSystemIdentity,
    [INDEX.principal]: ({ spec, status }) => [
      ...new Set([...lower(spec.principal.id), ...lower(status?.principalId)]),
    ],
    [INDEX.assignment]: ({ status }) => [
      ...new Set([...(status?.ledger ?? []), status?.assignmentId ?? []].flat().map(armKey)),
    ],
    [INDEX.role]: ({ spec, status }) => [
      ...lower(spec.role.name),
      ...new Set([spec.role.id, status?.roleDefinitionId].flatMap((id) => lower(id?.slice(-36)))),
    ],
  },
};

function lower(text: string | undefined): string[] {
  return text === undefined ? [] : [asciiLower(text)];
}
