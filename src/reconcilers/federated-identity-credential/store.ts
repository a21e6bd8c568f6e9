import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<FederatedIdentityCredential> = {
  name: 'credentials',
  indexes: {
    [INDEX.identityRef]: ({ metadata, spec }) => [`${metadata.namespace}/${spec.identityRef.name}`],
    [INDEX.credential]: ({ status }) => [...new Set((status?.ledger ?? []).map(armKey))],
  },
};
