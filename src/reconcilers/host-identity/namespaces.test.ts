import { describe, expect, it } from 'vitest';
import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { AZURE_LIMITS } from '../../azure/limits.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { RequestScheduler } from '../../azure/requests/request-scheduler.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { WorkQueue } from '../../runtime/queue/queue.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { hostNamespaces } from './watches.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
const VM = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1`;
const VMS = 'Microsoft.Compute/virtualMachines';
const nothing: Pick<HostCache, 'observe'> = { observe: () => ({ state: 'unknown' }) };
/** What the policies allow everybody but `stranger`. */
const allow = (stores: Stores, ...namespaces: string[]) => {
  for (const name of [...namespaces, 'stranger'])
    put(stores.namespaces, { metadata: clusterMeta(name) } as Namespace);
  const rule = { types: ['*'], scopes: [`/subscriptions/${SUBSCRIPTION}`], selectors: true };
  put(stores.policies, {
    metadata: clusterMeta('teams'),
    spec: { namespaces: { names: namespaces }, attachments: [rule], systemAssigned: [rule] },
  } as unknown as IdentityPolicy);
};

it('are those of all who name the host, in any spelling, and may, and of those in its ledger; else azid’s own', () => {
  const stores = emptyStores();
  allow(stores, 'names-it', 'has-its-own', 'another-vm');
  expect(hostNamespaces('azid-system/h', stores, nothing)).toEqual(['']);
  const host = (status: object) =>
    put(stores.hosts, {
      metadata: meta('h', { namespace: 'azid-system' }),
      spec: { resourceId: VM },
      status,
    } as unknown as HostIdentity);
  host({});
  expect(hostNamespaces('azid-system/h', stores, nothing)).toEqual(['']);
  put(stores.attachments, {
    metadata: meta('a', { namespace: 'names-it' }),
    spec: { target: { resourceId: VM.toUpperCase() } },
  } as unknown as IdentityAttachment);
  put(stores.systemIdentities, {
    metadata: meta('b', { namespace: 'has-its-own' }),
    spec: { resourceId: VM },
  } as unknown as SystemAssignedIdentity);
  put(stores.attachments, {
    metadata: meta('c', { namespace: 'another-vm' }),
    spec: { target: { resourceId: `${VM}0` } },
  } as unknown as IdentityAttachment);
  put(stores.attachments, {
    metadata: meta('d', { namespace: 'stranger' }),
    spec: { identityRef: { name: 'x' }, target: { resourceId: VM } },
  } as unknown as IdentityAttachment);
  put(stores.systemIdentities, {
    metadata: meta('e', { namespace: 'stranger' }),
    spec: { resourceId: VM },
  } as unknown as SystemAssignedIdentity);
  const owner = (namespace: string) => ({ kind: 'IdentityAttachment', namespace, name: 'x', uid: 'u' });
  host({
    entries: [{ identityId: '/x', owners: [owner('selects-it'), owner('names-it')] }],
    systemAssigned: { owners: [owner('had-its-own')] },
  });
  expect(hostNamespaces('azid-system/h', stores, nothing).toSorted()).toEqual([
    'had-its-own',
    'has-its-own',
    'names-it',
    'selects-it',
  ]);
});

it('are those of all who select it and may, too, as the cache has it', () => {
  const stores = emptyStores();
  allow(stores, 'all-of-them', 'by-tag', 'another-tag', 'another-type');
  put(stores.hosts, {
    metadata: meta('h', { namespace: 'azid-system' }),
    spec: { resourceId: VM },
  } as unknown as HostIdentity);
  const select = (namespace: string, selector: object) =>
    put(stores.attachments, {
      metadata: meta('a', { namespace }),
      spec: { target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, ...selector } } },
    } as unknown as IdentityAttachment);
  select('all-of-them', { all: true });
  select('by-tag', { tags: { team: 'b' } });
  select('stranger', { all: true });
  select('another-tag', { tags: { team: 'c' } });
  select('another-type', { type: 'Microsoft.Web/sites', all: true });
  const shown: AzureHost = {
    id: VM,
    key: armKey(VM),
    type: VMS,
    tags: { team: 'b' },
    identity: { system: false, userAssigned: [] },
  };
  const hostCache: Pick<HostCache, 'observe'> = {
    observe: () => ({ state: 'present', resource: shown, how: 'list', ageMs: 0 }),
  };
  expect(hostNamespaces('azid-system/h', stores, hostCache).toSorted()).toEqual(['all-of-them', 'by-tag']);
  expect(hostNamespaces('azid-system/h', stores, nothing)).toEqual(['']);
});

it('are azid’s own where the id of the host is none', () => {
  const stores = emptyStores();
  put(stores.hosts, {
    metadata: meta('h', { namespace: 'azid-system' }),
    spec: { resourceId: 'none' },
  } as unknown as HostIdentity);
  const hostCache = {
    observe: () => {
      throw new TypeError('Expected an ARM id');
    },
  };
  expect(hostNamespaces('azid-system/h', stores, hostCache)).toEqual(['']);
});

describe('a resource that a stranger names, whom no policy allows anything there', () => {
  it('does not wait behind the stranger’s backlog at a rate limit', async () => {
    const clock = new FakeClock();
    const stores = emptyStores();
    allow(stores, 'team');
    put(stores.hosts, {
      metadata: meta('h', { namespace: 'azid-system' }),
      spec: { resourceId: VM },
    } as never);
    for (const namespace of ['stranger', 'team'])
      put(stores.attachments, {
        metadata: meta('a', { namespace }),
        spec: { identityRef: { name: 'app' }, target: { resourceId: VM } },
      } as never);
    const limits = {
      ...AZURE_LIMITS,
      share: 1,
      arm: { ...AZURE_LIMITS.arm, write: { capacity: 1, perSecond: 1 } },
    };
    const scheduler = new RequestScheduler({ clock, limits });
    const started: string[] = [];
    const call = (turn: string, label: string) =>
      void scheduler.run(
        {
          tenantId: 't',
          subscriptionId: 's',
          credential: 'azid',
          kind: 'write',
          provider: 'Microsoft.Compute',
          priority: 'event',
          turn,
        },
        async () => void started.push(label),
      );
    // The stranger's own resources: their reconciles wait for the limit, so none of them is in the queue any more.
    for (let n = 0; n < 100; n++) call('stranger', `stranger/${n}`);
    const queue = new WorkQueue({
      clock,
      random: () => 0.5,
      turnsOf: (key) => hostNamespaces(key, stores, nothing),
    });
    queue.add('azid-system/h', 'event');
    const item = await queue.get();
    call(item?.turn ?? '', 'the host of team');
    for (let turns = 0; turns < 5; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1_000);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(started, `in the turn of ${item?.turn}`).toContain('the host of team');
  });
});
