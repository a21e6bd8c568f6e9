import type { ManagedObject } from '../api/schema/common.ts';
import type { KindSchema } from '../api/schema/kind.ts';
import type { ConfigMap, Namespace } from '../kube/builtin.ts';
import { Store } from '../kube/informer/store.ts';
import type { KubeObject, ObjectMeta } from '../kube/types.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { store as expiries } from './assignment-expiry/index.ts';
import type { KindDefinition } from './definition.ts';
import { store as eventSources } from './event-source/index.ts';
import {
  store as credentials,
  ownedInAzure as credentialsInAzure,
} from './federated-identity-credential/watches.ts';
import { store as hosts, ownedInAzure as hostsInAzure } from './host-identity/index.ts';
import { store as attachments, ownedInAzure as attachmentsInAzure } from './identity-attachment/index.ts';
import { store as policies } from './identity-policy/index.ts';
import { store as orphanRecords } from './orphan-record/index.ts';
import { store as orphanSweeps } from './orphan-sweep/index.ts';
import { store as grants, ownedInAzure as grantsInAzure } from './role-grant/watches.ts';
import { statusReader } from './status/remembered.ts';
import { type Stores, storesOf } from './stores.ts';
import {
  store as systemIdentities,
  ownedInAzure as systemIdentitiesInAzure,
} from './system-assigned-identity/index.ts';
import { store as identities, ownedInAzure as identitiesInAzure } from './user-assigned-identity/watches.ts';

/** Empty stores with their indexes, and a way to put objects into them. */

export const KINDS: readonly Pick<KindDefinition, 'store' | 'ownedInAzure'>[] = [
  { store: policies },
  { store: eventSources },
  { store: orphanSweeps },
  { store: expiries },
  { store: orphanRecords },
  { store: identities, ownedInAzure: identitiesInAzure },
  { store: credentials, ownedInAzure: credentialsInAzure },
  { store: grants, ownedInAzure: grantsInAzure },
  { store: hosts, ownedInAzure: hostsInAzure },
  { store: attachments, ownedInAzure: attachmentsInAzure },
  { store: systemIdentities, ownedInAzure: systemIdentitiesInAzure },
];

export function emptyStores(): Stores {
  const create = <T extends KubeObject>() =>
    new Store<T>({
      onListenerError: (error) => {
        throw error;
      },
    });
  const builtIn = { namespaces: create<Namespace>(), configMaps: create<ConfigMap>() };
  return storesOf(KINDS, builtIn, () => create());
}

/** From now on the store shows of each status what is believed of one that this process did not write. */
export function reading<T extends ManagedObject>(
  store: Store<T>,
  { status: schema }: KindSchema<T>,
  clock: Pick<Clock, 'now'>,
): void {
  const read = statusReader(schema);
  store.showAs((object) => ({ ...object, status: read(object.status, clock.now()) }));
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
