import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { ConfigMap, Namespace } from '../kube/builtin.ts';
import { Store } from '../kube/informer/store.ts';
import type { KubeObject, ObjectMeta } from '../kube/types.ts';
import { addIndexes, type Stores } from './stores.ts';

/** Empty stores with their indexes, and a way to put objects into them. */

export function emptyStores(): Stores {
  const store = <T extends KubeObject>() =>
    new Store<T>({
      onListenerError: (error) => {
        throw error;
      },
    });
  const stores: Stores = {
    identities: store<UserAssignedIdentity>(),
    policies: store<IdentityPolicy>(),
    namespaces: store<Namespace>(),
    configMaps: store<ConfigMap>(),
    grants: store<RoleGrant>(),
    credentials: store<FederatedIdentityCredential>(),
    attachments: store<IdentityAttachment>(),
    systemIdentities: store<SystemAssignedIdentity>(),
    hosts: store<HostIdentity>(),
    expiries: store<AssignmentExpiry>(),
  };
  addIndexes(stores);
  return stores;
}

let version = 0;

/** An object of namespace `shop` unless told otherwise, newer than all before. */
export function meta(name: string, metadata: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    creationTimestamp: '2026-11-23T10:00:00Z',
    generation: 1,
    resourceVersion: String(++version),
    ...metadata,
  };
}

/** Of a kind without namespaces. */
export function clusterMeta(name: string): ObjectMeta {
  const { namespace: _, ...rest } = meta(name);
  return rest;
}

export function put<T extends KubeObject>(store: Store<T>, object: Omit<T, 'apiVersion' | 'kind'>): void {
  store.take({
    type: 'apply',
    object: { apiVersion: 'azid.dev/v1alpha1', kind: 'x', ...object } as unknown as T,
  });
}
