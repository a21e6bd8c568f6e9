import { armKey } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { INDEX } from '../stores.ts';
import type { HostIdentity } from './facts.ts';

export const ownedInAzure: OwnedInAzure<HostIdentity> = {
  of: ({ spec }) => [{ key: armKey(spec.resourceId) }],
  ownersOf: (key, { hosts }) => hosts.keysByIndex(INDEX.host, key),
  // Others write to a resource for their own ends: that concerns its identities where one was found missing after it.
  concerns: ({ own, change, blamed = false }) => own || blamed || change === 'delete',
};
