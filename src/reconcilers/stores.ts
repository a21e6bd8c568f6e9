import { MANAGED_BY, MANAGED_BY_LABEL } from '../api/common.ts';
import { type IdentityPolicy, identityPolicy } from '../api/identity-policy.ts';
import { API_VERSION } from '../api/kind.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../api/user-assigned-identity.ts';
import { type ConfigMap, configMaps, type Namespace, namespaces } from '../kube/builtin.ts';
import { Informer, type InformerOptions } from '../kube/informer.ts';
import type { ReflectorEvent } from '../kube/reflector.ts';
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

/** Stands between one watch and its store, for tests that drop, double or hold events (guarantees.md 4.2). */
export type WatchTap = <T extends KubeObject>(
  resource: Resource<T>,
  events: AsyncGenerator<ReflectorEvent<T>>,
) => AsyncGenerator<ReflectorEvent<T>>;

type Common = Pick<InformerOptions<KubeObject>, 'client' | 'clock' | 'random' | 'log'> & {
  readonly tap?: WatchTap | undefined;
};

/** One watch, whatever its kind. */
export interface Watch {
  readonly plural: string;
  readonly informer: Pick<Informer<KubeObject>, 'run' | 'stuck'>;
  readonly store: Pick<Store<KubeObject>, 'synced' | 'whenSynced'>;
}

export interface Watches {
  readonly stores: Stores;
  readonly all: readonly Watch[];
}

export function createWatches({ tap, ...common }: Common): Watches {
  const all: Watch[] = [];
  const watch = <T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Store<T> => {
    const informer = new Informer<T>({
      ...common,
      resource,
      ...(labelSelector !== undefined && { labelSelector }),
      ...(tap && { tap: (events: AsyncGenerator<ReflectorEvent<T>>) => tap(resource, events) }),
    });
    all.push({ plural: resource.plural, informer, store: informer.store });
    return informer.store;
  };
  const stores: Stores = {
    policies: watch(identityPolicy.resource),
    namespaces: watch(namespaces),
    configMaps: watch(configMaps, `${MANAGED_BY_LABEL}=${MANAGED_BY}`),
    identities: watch(userAssignedIdentity.resource),
  };
  stores.identities.addIndex(INDEX.namespace, (object) => [object.metadata.namespace ?? '']);
  stores.identities.addIndex(INDEX.azureName, (object) => [azureNameOf(object).toLowerCase()]);
  stores.configMaps.addIndex(INDEX.owner, ownersOf);
  return { stores, all };
}

export function azureNameOf(object: UserAssignedIdentity): string {
  return object.spec.name ?? object.status?.coordinates?.name ?? object.metadata.name;
}

/** The UserAssignedIdentities a ConfigMap names as owners, by key. */
export function ownersOf(map: ConfigMap): string[] {
  const { kind } = userAssignedIdentity.resource;
  return (map.metadata.ownerReferences ?? [])
    .filter((owner) => owner.apiVersion === API_VERSION && owner.kind === kind)
    .map((owner) => `${map.metadata.namespace}/${owner.name}`);
}

/** What a policy can see of a namespace. */
export function factsOf(namespace: Namespace): { name: string; labels: Readonly<Record<string, string>> } {
  return { name: namespace.metadata.name, labels: namespace.metadata.labels ?? {} };
}
