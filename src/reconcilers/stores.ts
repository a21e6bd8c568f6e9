import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { EventSource } from '../api/event-source.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { OrphanRecord } from '../api/orphan-record.ts';
import type { OrphanSweep } from '../api/orphan-sweep.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import { MANAGED_BY, MANAGED_BY_LABEL, type ManagedObject } from '../api/schema/common.ts';
import { API_VERSION } from '../api/schema/kind.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../api/user-assigned-identity.ts';
import { groupOf } from '../azure/names/resource-id.ts';
import { asciiLower } from '../azure/names/text.ts';
import { type ConfigMap, configMaps, type Namespace, namespaces } from '../kube/builtin.ts';
import { Informer, type InformerOptions } from '../kube/informer/informer.ts';
import type { ReflectorEvent } from '../kube/informer/reflector.ts';
import type { Store } from '../kube/informer/store.ts';
import type { KubeObject, Resource } from '../kube/types.ts';

/** What azid watches in Kubernetes, and the indexes that find the objects that a change concerns. */
export interface Stores {
  readonly identities: Store<UserAssignedIdentity>;
  readonly grants: Store<RoleGrant>;
  readonly credentials: Store<FederatedIdentityCredential>;
  readonly attachments: Store<IdentityAttachment>;
  readonly systemIdentities: Store<SystemAssignedIdentity>;
  /** Those of azid's own namespace. */
  readonly hosts: Store<HostIdentity>;
  /** Those of azid's own namespace. */
  readonly expiries: Store<AssignmentExpiry>;
  readonly policies: Store<IdentityPolicy>;
  readonly eventSources: Store<EventSource>;
  readonly orphanSweeps: Store<OrphanSweep>;
  /** Those of azid's own namespace. */
  readonly orphanRecords: Store<OrphanRecord>;
  readonly namespaces: Store<Namespace>;
  /** Only those that azid made. */
  readonly configMaps: Store<ConfigMap>;
}

export const INDEX = {
  /** Objects of every namespaced kind by namespace. */
  namespace: 'namespace',
  /** Objects of every kind that has something in Azure, by the key of each resource group in which that is. */
  ownedGroup: 'ownedGroup',
  /** UserAssignedIdentity by the lower-cased name its identity has in Azure: a superset of those that share an ARM id. */
  azureName: 'azureName',
  /** UserAssignedIdentity by what a change of an identity in Azure leads to it by: see `concernedTerms`. */
  concerned: 'concerned',
  /** ConfigMap by `namespace/name` of the UserAssignedIdentity it was made for. */
  owner: 'owner',
  /** RoleGrant, FederatedIdentityCredential and IdentityAttachment by the `namespace/name` of the UserAssignedIdentity they refer to. */
  identityRef: 'identityRef',
  /** RoleGrant by the principal it names or was made for. */
  principal: 'principal',
  /** RoleGrant by the key of each assignment of its status and ledger; AssignmentExpiry by that of its own. */
  assignment: 'assignment',
  /** RoleGrant by the GUID of its role, or the lower-cased name where it gives one. */
  role: 'role',
  /** RoleGrant by the `namespace/name` of the SystemAssignedIdentity it refers to. */
  systemIdentityRef: 'systemIdentityRef',
  /** IdentityAttachment and SystemAssignedIdentity by the key of the resource they name; HostIdentity by its own. */
  host: 'host',
  /** IdentityAttachment with a selector, by its area: see `hostArea`. */
  selectorArea: 'selectorArea',
  /** The same, by the group within it where the selector names one: see `placesOf`. */
  selectorPlace: 'selectorPlace',
  /** IdentityAttachment and HostIdentity by the keys of the identities they name or hold. */
  identityId: 'identityId',
  /**
   * HostIdentity that may keep something for an object whose claim is not known, by the area that shows its resource,
   * as a selector names it: see `hostArea`.
   */
  awaitingArea: 'awaitingArea',
  /** HostIdentity of a resource that was moved, by the key of where it is now. */
  movedTo: 'movedTo',
  /** HostIdentity by the uid of each owner in its ledger. */
  ledgerOwner: 'ledgerOwner',
  /** AssignmentExpiry by the uid of each owner. */
  expiryOwner: 'expiryOwner',
  /** FederatedIdentityCredential by the key of each credential in its ledger. */
  credential: 'credential',
} as const;

/** Stands between one watch and its store, for tests that drop, double or hold events (docs/testing.md). */
export type WatchTap = <T extends KubeObject>(
  resource: Resource<T>,
  events: AsyncGenerator<ReflectorEvent<T>>,
) => AsyncGenerator<ReflectorEvent<T>>;

/** The store of one kind: under which name others find it, and by what they find its objects. */
export interface StoreDefinition<T extends KubeObject = KubeObject> {
  /** In `Stores`, where other kinds read it. */
  readonly name: string;
  readonly indexes: Readonly<Record<string, ValuesOf<T>>>;
  /** Objects of azid's own: watched in azid's namespace and nowhere else. */
  readonly internal?: boolean;
}

/** A method's type, so that definitions of stores of different kinds fit into one list. */
type ValuesOf<T> = { of(object: T): readonly string[] }['of'];

interface StoredKind {
  readonly resource: Resource;
  readonly store: StoreDefinition;
  /** See `OwnedInAzure`, which cannot be named here, as it is given the stores. */
  readonly ownedInAzure?: { of(object: ManagedObject): readonly { readonly key: string }[] };
}

type Common = Pick<InformerOptions<KubeObject>, 'client' | 'clock' | 'random' | 'log' | 'idleMs'> & {
  readonly tap?: WatchTap | undefined;
  readonly streamLists: boolean;
  /** azid's own namespace. */
  readonly namespace: string;
};

/** The informer of one resource, of any kind. */
export interface WatchedResource {
  readonly plural: string;
  readonly informer: Pick<Informer<KubeObject>, 'run' | 'stuck' | 'catchUp'>;
  readonly store: Pick<Store<KubeObject>, 'synced' | 'whenSynced'>;
}

interface Watches {
  readonly stores: Stores;
  readonly all: readonly WatchedResource[];
}

export function createWatches(kinds: readonly StoredKind[], { tap, namespace, ...common }: Common): Watches {
  const all: WatchedResource[] = [];
  const watch = <T extends KubeObject>(
    resource: Resource<T>,
    only: Pick<InformerOptions<T>, 'labelSelector' | 'namespace'> = {},
  ): Store<T> => {
    const informer = new Informer<T>({
      ...common,
      resource,
      ...only,
      ...(tap && { tap: (events: AsyncGenerator<ReflectorEvent<T>>) => tap(resource, events) }),
    });
    all.push({ plural: resource.plural, informer, store: informer.store });
    return informer.store;
  };
  const builtIn = {
    namespaces: watch(namespaces),
    configMaps: watch(configMaps, { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }),
  };
  const stores = storesOf(kinds, builtIn, ({ resource, store }) =>
    watch(resource, store.internal ? { namespace } : {}),
  );
  return { stores, all };
}

/** A store for each kind with its indexes, made by `create`, under the names by which others find them. */
export function storesOf<K extends Pick<StoredKind, 'store' | 'ownedInAzure'>>(
  kinds: readonly K[],
  builtIn: Pick<Stores, 'namespaces' | 'configMaps'>,
  create: (kind: K) => Store<KubeObject>,
): Stores {
  builtIn.configMaps.addIndex(INDEX.owner, ownersOf);
  const named = kinds.map((kind) => {
    const store = create(kind);
    const { name, indexes, internal } = kind.store;
    if (!internal) store.addIndex(INDEX.namespace, ({ metadata }) => [metadata.namespace ?? '']);
    for (const [index, valuesOf] of Object.entries(indexes)) store.addIndex(index, valuesOf);
    const { ownedInAzure } = kind;
    if (ownedInAzure)
      // Whose objects they are the kind's definition says, as of the names below.
      store.addIndex(INDEX.ownedGroup, (object) => groupsOf(ownedInAzure.of(object as ManagedObject)));
    return [name, store] as const;
  });
  // The names are data here; which kind each is of, its definition says.
  return { ...builtIn, ...Object.fromEntries(named) } as unknown as Stores;
}

function groupsOf(things: readonly { readonly key: string }[]): readonly string[] {
  return [...new Set(things.flatMap(({ key }) => groupOf(key) ?? []))];
}

/** The store of one kind. */
export function storeOf<T extends KubeObject>(
  { store }: { readonly store: StoreDefinition<T> },
  stores: Stores,
): Store<T> {
  const found = (stores as unknown as Readonly<Record<string, Store<T> | undefined>>)[store.name];
  if (!found) throw new Error(`expected a store named ${store.name}, there is none`);
  return found;
}

/** Lower case: what its identity is called by the spec, and by a status that another client may have written. */
export function azureNamesOf({ spec, status, metadata }: UserAssignedIdentity): string[] {
  const names = [
    spec.name ?? metadata.name,
    ...(spec.name === undefined ? [status?.coordinates?.name ?? []] : []),
  ];
  return [...new Set(names.flat().map(asciiLower))];
}

/** The `namespace/name` of the UserAssignedIdentity a grant refers to; none for any other principal. */
export function referredIdentity({ metadata, spec }: RoleGrant): string[] {
  const { identityRef } = spec.principal;
  return identityRef && identityRef.kind !== 'SystemAssignedIdentity'
    ? [`${metadata.namespace}/${identityRef.name}`]
    : [];
}

/** The `namespace/name` of the SystemAssignedIdentity a grant refers to; none for any other principal. */
export function referredSystemIdentity({ metadata, spec }: RoleGrant): string[] {
  const { identityRef } = spec.principal;
  return identityRef?.kind === 'SystemAssignedIdentity' ? [`${metadata.namespace}/${identityRef.name}`] : [];
}

/** The UserAssignedIdentities a ConfigMap names as owners, by key. */
export function ownersOf(map: ConfigMap): string[] {
  const { kind } = userAssignedIdentity.resource;
  return (map.metadata.ownerReferences ?? [])
    .filter((owner) => owner.apiVersion === API_VERSION && owner.kind === kind)
    .map((owner) => `${map.metadata.namespace}/${owner.name}`);
}
