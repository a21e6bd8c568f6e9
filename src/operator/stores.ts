import { MANAGED_BY, MANAGED_BY_LABEL } from '../api/common.ts';
import { type IdentityPolicy, identityPolicy } from '../api/identity-policy.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../api/user-assigned-identity.ts';
import { type ConfigMap, configMaps, type Namespace, namespaces } from '../kube/builtin.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';
import type { Store } from '../kube/store.ts';
import type { KubeObject, Resource } from '../kube/types.ts';

/** What azid watches in Kubernetes, and the indexes that tell which objects a change touches. */
export interface Stores {
  readonly identities: Store<UserAssignedIdentity>;
  readonly policies: Store<IdentityPolicy>;
  readonly namespaces: Store<Namespace>;
  /** Only those that azid made. */
  readonly configMaps: Store<ConfigMap>;
}

export const INDEX = {
  /** UserAssignedIdentity by namespace. */
  namespace: 'namespace',
  /** UserAssignedIdentity by the lower-cased name its identity has in Azure: a superset of those that share an ARM id. */
  azureName: 'azureName',
  /** ConfigMap by `namespace/name` of the UserAssignedIdentity it was made for. */
  owner: 'owner',
} as const;

type Common = Omit<InformerOptions<KubeObject>, 'resource' | 'labelSelector' | 'transform' | 'tap'>;

export interface Watches {
  readonly stores: Stores;
  readonly informers: readonly Informer<KubeObject>[];
}

export function createWatches(common: Common): Watches {
  const informer = <T extends KubeObject>(resource: Resource<T>, labelSelector?: string) =>
    new Informer<T>({
      ...(common as Omit<InformerOptions<T>, 'resource'>),
      resource,
      ...(labelSelector && { labelSelector }),
    });
  const identities = informer(userAssignedIdentity.resource);
  const policies = informer(identityPolicy.resource);
  const allNamespaces = informer(namespaces);
  const outputs = informer(configMaps, `${MANAGED_BY_LABEL}=${MANAGED_BY}`);

  identities.store.addIndex(INDEX.namespace, (object) => [object.metadata.namespace ?? '']);
  identities.store.addIndex(INDEX.azureName, (object) => [azureNameOf(object).toLowerCase()]);
  outputs.store.addIndex(INDEX.owner, ownersOf);
  return {
    stores: {
      identities: identities.store,
      policies: policies.store,
      namespaces: allNamespaces.store,
      configMaps: outputs.store,
    },
    informers: [policies, allNamespaces, outputs, identities] as unknown as readonly Informer<KubeObject>[],
  };
}

export function azureNameOf(object: UserAssignedIdentity): string {
  return object.spec.name ?? object.status?.coordinates?.name ?? object.metadata.name;
}

/** The UserAssignedIdentities a ConfigMap names as owners, by key. */
export function ownersOf(map: ConfigMap): string[] {
  const { apiVersion, kind } = { apiVersion: 'azid.dev/v1alpha1', kind: userAssignedIdentity.resource.kind };
  return (map.metadata.ownerReferences ?? [])
    .filter((owner) => owner.apiVersion === apiVersion && owner.kind === kind)
    .map((owner) => `${map.metadata.namespace}/${owner.name}`);
}
