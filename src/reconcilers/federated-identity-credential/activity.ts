import { armKey } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { INDEX } from '../stores.ts';
import type { FederatedIdentityCredential } from './facts.ts';

export const ownedInAzure: OwnedInAzure<FederatedIdentityCredential> = {
  // Not `status.id`, which may be somebody else's credential that says the same.
  of: ({ status }) => (status?.ledger ?? []).map((id) => ({ key: armKey(id) })),
  ownersOf: (key, { credentials }) => credentials.keysByIndex(INDEX.credential, key),
};
