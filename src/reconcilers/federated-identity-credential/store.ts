import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { readableOf } from '../../azure/names/credential-name.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';

export const store: StoreDefinition<FederatedIdentityCredential> = {
  name: 'credentials',
  indexes: {
    [INDEX.identityRef]: ({ metadata, spec }) => [`${metadata.namespace}/${spec.identityRef.name}`],
    [INDEX.credentialName]: ({ metadata: { namespace = '', name } }) => [
      asciiLower(readableOf({ namespace, name })),
    ],
  },
};
