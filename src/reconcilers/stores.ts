import { type AssignmentExpiry, assignmentExpiry } from '../api/assignment-expiry.ts';
import {
  type FederatedIdentityCredential,
  federatedIdentityCredential,
} from '../api/federated-identity-credential.ts';
import { type HostIdentity, hostIdentity } from '../api/host-identity.ts';
import { type IdentityAttachment, identityAttachment } from '../api/identity-attachment.ts';
import { type IdentityPolicy, identityPolicy } from '../api/identity-policy.ts';
import { type RoleGrant, roleGrant } from '../api/role-grant.ts';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../api/schema/common.ts';
import { API_VERSION } from '../api/schema/kind.ts';
import { type SystemAssignedIdentity, systemAssignedIdentity } from '../api/system-assigned-identity.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../api/user-assigned-identity.ts';
import { asciiLower } from '../azure/names/ascii.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { hostArea } from '../cache/hosts/area.ts';
import { type ConfigMap, configMaps, type Namespace, namespaces } from '../kube/builtin.ts';
import { Informer, type InformerOptions } from '../kube/informer/informer.ts';
import type { ReflectorEvent } from '../kube/informer/reflector.ts';
import type { Store } from '../kube/informer/store.ts';
import type { KubeObject, Resource } from '../kube/types.ts';

/** What azid watches in Kubernetes, and the indexes that tell which objects a change touches. */
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
  readonly namespaces: Store<Namespace>;
  /** Only those that azid made. */
  readonly configMaps: Store<ConfigMap>;
}

export const INDEX = {
  /** Objects of every namespaced kind by namespace. */
  namespace: 'namespace',
  /** UserAssignedIdentity by the lower-cased name its identity has in Azure: a superset of those that share an ARM id. */
  azureName: 'azureName',
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
  /** IdentityAttachment with a selector, by the area it looks in: see `hostArea`. */
  selectorArea: 'selectorArea',
  /** IdentityAttachment and HostIdentity by the keys of the identities they name or hold. */
  identityId: 'identityId',
  /** HostIdentity of a resource that was moved, by the key of where it is now. */
  movedTo: 'movedTo',
  /** HostIdentity by the uid of each owner in its ledger. */
  ledgerOwner: 'ledgerOwner',
  /** AssignmentExpiry by the uid of each owner. */
  expiryOwner: 'expiryOwner',
} as const;

/** Stands between one watch and its store, for tests that drop, double or hold events (docs/testing.md). */
export type WatchTap = <T extends KubeObject>(
  resource: Resource<T>,
  events: AsyncGenerator<ReflectorEvent<T>>,
) => AsyncGenerator<ReflectorEvent<T>>;

type Common = Pick<InformerOptions<KubeObject>, 'client' | 'clock' | 'random' | 'log'> & {
  readonly tap?: WatchTap | undefined;
  readonly streamLists: boolean;
  /** azid's own namespace: HostIdentities and AssignmentExpiries are watched nowhere else. */
  readonly namespace: string;
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

export function createWatches({ tap, namespace, ...common }: Common): Watches {
  const all: Watch[] = [];
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
  const stores: Stores = {
    policies: watch(identityPolicy.resource),
    namespaces: watch(namespaces),
    configMaps: watch(configMaps, { labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }),
    identities: watch(userAssignedIdentity.resource),
    grants: watch(roleGrant.resource),
    credentials: watch(federatedIdentityCredential.resource),
    attachments: watch(identityAttachment.resource),
    systemIdentities: watch(systemAssignedIdentity.resource),
    hosts: watch(hostIdentity.resource, { namespace }),
    expiries: watch(assignmentExpiry.resource, { namespace }),
  };
  addIndexes(stores);
  return { stores, all };
}

/** The indexes of `INDEX`, on stores of whatever making. */
export function addIndexes(stores: Stores): void {
  for (const store of [
    stores.identities,
    stores.grants,
    stores.credentials,
    stores.attachments,
    stores.systemIdentities,
  ])
    store.addIndex(INDEX.namespace, (object: KubeObject) => [object.metadata.namespace ?? '']);
  stores.identities.addIndex(INDEX.azureName, azureNamesOf);
  stores.configMaps.addIndex(INDEX.owner, ownersOf);
  stores.credentials.addIndex(INDEX.identityRef, (object) => [
    `${object.metadata.namespace}/${object.spec.identityRef.name}`,
  ]);
  stores.grants.addIndex(INDEX.identityRef, referredIdentity);
  stores.grants.addIndex(INDEX.principal, ({ spec, status }) => [
    ...new Set([...lower(spec.principal.id), ...lower(status?.principalId)]),
  ]);
  stores.grants.addIndex(INDEX.assignment, ({ status }) => [
    ...new Set([...(status?.ledger ?? []), status?.assignmentId ?? []].flat().map(armKey)),
  ]);
  stores.grants.addIndex(INDEX.role, ({ spec, status }) => [
    ...lower(spec.role.name),
    ...new Set([spec.role.id, status?.roleDefinitionId].flatMap((id) => lower(id?.slice(-36)))),
  ]);
  stores.grants.addIndex(INDEX.systemIdentityRef, referredSystemIdentity);
  stores.attachments.addIndex(INDEX.identityRef, ({ metadata, spec: { identityRef } }) =>
    identityRef ? [`${metadata.namespace}/${identityRef.name}`] : [],
  );
  stores.attachments.addIndex(INDEX.identityId, ({ spec, status }) => [
    ...new Set([spec.identityId, status?.identityId].flatMap((id) => (id === undefined ? [] : armKey(id)))),
  ]);
  stores.attachments.addIndex(INDEX.host, ({ spec }) =>
    spec.target.resourceId === undefined ? [] : [armKey(spec.target.resourceId)],
  );
  stores.attachments.addIndex(INDEX.selectorArea, ({ spec: { target } }) =>
    target.selector ? [hostArea(target.selector.subscriptionId, target.selector.type)] : [],
  );
  stores.systemIdentities.addIndex(INDEX.host, ({ spec }) => [armKey(spec.resourceId)]);
  stores.hosts.addIndex(INDEX.host, ({ spec }) => [armKey(spec.resourceId)]);
  stores.hosts.addIndex(INDEX.movedTo, ({ status }) =>
    status?.movedTo === undefined ? [] : [armKey(status.movedTo)],
  );
  stores.hosts.addIndex(INDEX.identityId, ({ status }) => [
    ...new Set((status?.entries ?? []).map(({ identityId }) => armKey(identityId))),
  ]);
  stores.expiries.addIndex(INDEX.assignment, ({ spec }) => [armKey(spec.assignmentId)]);
  stores.expiries.addIndex(INDEX.expiryOwner, ({ spec }) => [...new Set(spec.owners.map(({ uid }) => uid))]);
  stores.hosts.addIndex(INDEX.ledgerOwner, ({ status }) => [
    ...new Set(
      [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])].flatMap(
        ({ owners }) => owners.map(({ uid }) => uid),
      ),
    ),
  ]);
}

export function azureNameOf(object: UserAssignedIdentity): string {
  return object.spec.name ?? object.status?.coordinates?.name ?? object.metadata.name;
}

/** Lower case: what its identity is called by the spec, and by a status that somebody else may have written. */
function azureNamesOf({ spec, status, metadata }: UserAssignedIdentity): string[] {
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

function lower(text: string | undefined): string[] {
  return text === undefined ? [] : [asciiLower(text)];
}

/** The UserAssignedIdentities a ConfigMap names as owners, by key. */
export function ownersOf(map: ConfigMap): string[] {
  const { kind } = userAssignedIdentity.resource;
  return (map.metadata.ownerReferences ?? [])
    .filter((owner) => owner.apiVersion === API_VERSION && owner.kind === kind)
    .map((owner) => `${map.metadata.namespace}/${owner.name}`);
}
