import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<SystemAssignedIdentity> = {
  name: 'systemIdentities',
  indexes: { [INDEX.host]: ({ spec }) => [armKey(spec.resourceId)] },
};
