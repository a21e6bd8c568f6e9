/**
 * Federated credentials. They have no bulk list (docs/azure-facts.md section 4): each identity in use is an area of its
 * own, listed when a reconcile asks, at once on a suspicion, and else in slow rotation, one for each subscription.
 */
import {
  type AzureFederatedCredential,
  parseCredentialId,
  sameCredential,
} from '../azure/azure-federated-credential.ts';
import type { FederatedCredentials } from '../azure/federated-credentials.ts';
import { armKey, parseIdentityId } from '../azure/names/resource-id.ts';
import type { AzureCache } from './azure-cache.ts';
import type { CacheDefinition } from './definition.ts';

/** Areas are identities, named by their ids in any spelling. */
export type CredentialCache = AzureCache<AzureFederatedCredential>;

export function credentialDefinition(azure: {
  readonly credentials: Pick<FederatedCredentials, 'get' | 'list' | 'observedBy'>;
}): CacheDefinition<AzureFederatedCredential, object> {
  const { credentials } = azure;
  return {
    name: 'credentials',
    plural: 'federated credentials',
    indexes: {},
    schedule: 'rotating',
    areaOf: (id) => armKey(parseCredentialId(id).identityId),
    areaNamed: armKey,
    describe: (identityId) => `identity ${identityId}`,
    placeOf: (identityId) => ({
      subscription: parseIdentityId(identityId).subscriptionId.toLowerCase(),
      part: '',
    }),
    sameContent: sameCredential,
    // A credential has no property that changes when it is made again under its name.
    sameInstance: () => true,
    read(id, context) {
      const { identityId, name } = parseCredentialId(id);
      return credentials.get(identityId, name, context);
    },
    async *list(identityId, context) {
      const list = await credentials.list(identityId, context);
      if (list.found) yield { found: list.credentials, requestedAt: list.startedAt };
      else yield { found: [], requestedAt: list.startedAt, gone: true };
    },
    observedBy: (observer) => credentials.observedBy(observer),
  };
}
