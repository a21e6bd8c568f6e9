import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<IdentityPolicy> = { name: 'policies', indexes: {} };
