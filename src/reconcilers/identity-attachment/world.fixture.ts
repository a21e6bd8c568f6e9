import { onTestFinished } from 'vitest';
import type { HostIdentityStatus } from '../../api/host-identity.ts';
import type { AzureObserver } from '../../azure/arm/arm-calls.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { hostTypeOf } from '../../azure/hosts/capabilities.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import type { HostGet, HostPage } from '../../azure/hosts/hosts.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { rightsOf } from '../../azure/permissions.ts';
import { AzureCache } from '../../cache/azure-cache.ts';
import { type HostSources, hostDefinition } from '../../cache/hosts/hosts.ts';
import type { Store } from '../../kube/informer/store.ts';
import type { KubeObject } from '../../kube/types.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../kind.ts';
import { HeldIdentities, identityAt, marksOf } from '../proof/proofs.fixture.ts';
import { emptyStores } from '../stores.fixture.ts';
import { IDENTITY_ID, policy } from './facts.fixture.ts';

/** Real stores and a real cache, over lists and GETs that a test fills. */

export function vm(id: string, more: Partial<AzureHost> = {}): AzureHost {
  const identity = { system: false, userAssigned: [] };
  return { id, key: armKey(id), type: hostTypeOf(id), tags: { App: 'web' }, identity, ...more };
}

export const carrying = (id: string, principalId?: string): Pick<AzureHost, 'identity'> => ({
  identity: {
    system: false,
    userAssigned: [{ id, key: armKey(id), ...(principalId !== undefined && { principalId }) }],
  },
});

type Source = HostSources['hosts'];

/** Lists and GETs over a map of hosts; every call is written down. */
class Lists implements Source {
  readonly hosts = new Map<string, AzureHost>();
  readonly calls: string[] = [];
  readonly #clock: FakeClock;
  #observer: AzureObserver<AzureHost> | undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  observedBy(observer: AzureObserver<AzureHost>): void {
    this.#observer = observer;
  }

  async get(id: string): Promise<HostGet> {
    this.calls.push(`GET ${id.split('/').at(-1)}`);
    const host = this.hosts.get(armKey(id));
    const requestedAt = this.#clock.monotonic();
    this.#observer?.recordGet(id, host, requestedAt);
    if (host) return { found: true, host, model: {}, requestedAt };
    const error = new AzureError({ code: 'ResourceNotFound', message: `no ${id}`, status: 404 });
    return { found: false, missing: 'resource', error, requestedAt };
  }

  async *list(_subscription: string, type: string): AsyncGenerator<HostPage> {
    this.calls.push(`LIST ${type}`);
    yield { hosts: [...this.hosts.values()], requestedAt: this.#clock.monotonic() };
  }

  async *listSlots(): AsyncGenerator<HostPage> {}
}

function fill<T extends KubeObject>(store: Store<T>, ...objects: object[]): void {
  store.take({ type: 'replace', objects: objects as T[], resourceVersion: '1', rewound: false });
}

export const metadata = (name: string, namespace?: string) => ({
  name,
  uid: `uid-${name}`,
  creationTimestamp: '2026-11-23T10:00:00Z',
  resourceVersion: '1',
  ...(namespace !== undefined && { namespace }),
});

export function holder(id: string, status: HostIdentityStatus = {}): object {
  return { metadata: metadata(`host-${id.split('/').at(-1)}`, 'azid'), spec: { resourceId: id }, status };
}

/** What is there, in Azure and in the cluster. */
export interface Given {
  readonly azure?: readonly AzureHost[];
  readonly holders?: readonly object[];
  readonly policies?: readonly object[];
  readonly identities?: readonly object[];
}

export function worldOf({ azure = [], holders = [], policies = [policy()], identities }: Given = {}) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const lists = new Lists(clock);
  for (const each of azure) lists.hosts.set(each.key, each);
  const { signal } = stopping;
  const sources = {
    hosts: lists,
    permissions: { at: async () => rightsOf([{ actions: ['*/read'], notActions: [] }]) },
    clock,
    signal,
  };
  const hostCache = new AzureCache(hostDefinition(sources), { clock, signal });
  const app = {
    metadata: metadata('app', 'team-a'),
    spec: {},
    status: { id: IDENTITY_ID, principalId: 'p1' },
  };
  const stores = emptyStores();
  fill(stores.identities, ...(identities ?? [app]));
  fill(stores.hosts, ...holders);
  fill(stores.policies, ...policies);
  fill(stores.namespaces, { metadata: metadata('team-a') });
  const context = { priority: 'event', signal: stopping.signal } as ReconcileContext;
  const held = new HeldIdentities();
  held.put(identityAt(IDENTITY_ID, 'p1', marksOf(app.metadata)));
  return { clock, lists, hostCache, stores, context, held, proofs: held.proofs(stores) };
}
