import type { HostIdentity } from '../../api/host-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<HostIdentity> = {
  name: 'hosts',
  internal: true,
  indexes: {
    [INDEX.host]: ({ spec }) => [armKey(spec.resourceId)],
    [INDEX.movedTo]: ({ status }) => (status?.movedTo === undefined ? [] : [armKey(status.movedTo)]),
    [INDEX.identityId]: ({ status }) => [
      ...new Set((status?.entries ?? []).map(({ identityId }) => armKey(identityId))),
    ],
    [INDEX.ledgerOwner]: ({ status }) => [
      ...new Set(
        [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])].flatMap(
          ({ owners }) => owners.map(({ uid }) => uid),
        ),
      ),
    ],
  },
};
