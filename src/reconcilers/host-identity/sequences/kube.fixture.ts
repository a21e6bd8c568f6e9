import type { HostIdentity } from '../../../api/host-identity.ts';
import type { Applied, DeleteOptions, KubeClient } from '../../../kube/client.ts';
import { KubeError } from '../../../kube/errors.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../../../kube/types.ts';
import { emptyStores } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';

/** What happens around each write of azid: it may be killed before or after it. */
type Around = <T>(what: string, write: () => Promise<T>) => Promise<T>;

let version = 0;
let uids = 0;

/**
 * Kubernetes as the reconciler meets it, for HostIdentities: each write is in the stores at once, as by a watch without delay.
 * What it holds outlives every process of azid.
 */
export class MemoryKube {
  readonly stores: Stores = emptyStores();

  constructor() {
    for (const store of Object.values(this.stores))
      store.take({ type: 'replace', objects: [], resourceVersion: String(++version), rewound: false });
  }

  /** Makes or replaces an object of a user; the uid is kept unless another one is given. */
  put<K extends keyof Stores>(
    kind: K,
    name: string,
    spec: object,
    metadata: object = {},
    statusOf?: (generation: number) => object,
  ): void {
    const store = this.stores[kind] as Stores['attachments'];
    const namespace = 'namespace' in metadata ? {} : { namespace: kind === 'hosts' ? 'azid-system' : 'shop' };
    const key = keyOf({ metadata: { name, ...namespace } });
    const before = store.get(key)?.metadata;
    const generation = (before?.generation ?? 0) + 1;
    const object = {
      apiVersion: 'azid.dev/v1alpha1',
      kind,
      metadata: {
        name,
        ...namespace,
        uid: before?.uid ?? `uid-${++uids}`,
        creationTimestamp: '2026-11-23T10:00:00Z',
        generation,
        resourceVersion: String(++version),
        ...metadata,
      },
      spec,
      ...(statusOf && { status: statusOf(generation) }),
    };
    store.take({ type: 'apply', object: object as unknown as never });
  }

  remove(kind: keyof Stores, key: ObjectKey): void {
    const store = this.stores[kind] as Stores['attachments'];
    const object = store.get(key);
    if (!object) return;
    const metadata = { ...object.metadata, resourceVersion: String(++version) };
    store.take({ type: 'delete', object: { ...object, metadata } });
  }

  /** As one process has it. */
  client(around: Around): KubeClient {
    const { hosts } = this.stores;
    const current = (key: ObjectKey): HostIdentity => {
      const object = hosts.get(key);
      if (!object) throw new KubeError(`${key} is gone`, { status: 404, reason: 'NotFound' });
      return object;
    };
    const store = (object: HostIdentity, change: object): HostIdentity => {
      const metadata = { ...object.metadata, resourceVersion: String(++version) };
      const next = { ...object, metadata, ...change };
      hosts.take({ type: 'apply', object: next });
      return next;
    };
    const client = {
      get: async (_: Resource, key: ObjectKey) => current(key),
      apply: (_: Resource, { metadata, status }: Applied) =>
        around('status', async () => {
          const object = current(keyOf({ metadata }));
          expectVersion(object, metadata.resourceVersion);
          return store(object, { status });
        }),
      mergePatch: (_: Resource, key: ObjectKey, body: { metadata: KubeObject['metadata'] }) =>
        around('finalizers', async () => {
          const object = current(key);
          const { resourceVersion, finalizers } = body.metadata;
          expectVersion(object, resourceVersion);
          const metadata = { ...object.metadata, finalizers, resourceVersion: String(++version) };
          if (!metadata.deletionTimestamp || finalizers?.length) return store(object, { metadata });
          this.remove('hosts', key);
          return { ...object, metadata };
        }),
      delete: (_: Resource, key: ObjectKey, { preconditions }: DeleteOptions) =>
        around('delete', async () => {
          const object = current(key);
          if (preconditions?.uid !== object.metadata.uid) throw conflict(key);
          const { finalizers } = object.metadata;
          if (!finalizers?.length) return this.remove('hosts', key);
          const deletionTimestamp = '2026-11-23T10:00:00Z';
          const resourceVersion = String(++version);
          store(object, { metadata: { ...object.metadata, deletionTimestamp, resourceVersion } });
        }),
    };
    return client as unknown as KubeClient;
  }
}

function expectVersion(object: HostIdentity, given: string | undefined): void {
  if (given !== undefined && given !== object.metadata.resourceVersion) throw conflict(keyOf(object));
}

function conflict(key: ObjectKey): KubeError {
  return new KubeError(`${key} was changed`, { status: 409, reason: 'Conflict' });
}
