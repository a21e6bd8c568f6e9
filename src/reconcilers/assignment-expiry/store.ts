import type { AssignmentExpiry } from '../../api/assignment-expiry.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<AssignmentExpiry> = {
  name: 'expiries',
  internal: true,
  indexes: {
    [INDEX.assignment]: ({ spec }) => [armKey(spec.assignmentId)],
    [INDEX.expiryOwner]: ({ spec }) => [...new Set(spec.owners.map(({ uid }) => uid))],
  },
};
