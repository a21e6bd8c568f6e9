import { expect, it } from 'vitest';
import type { HostIdentity } from '../../api/host-identity.ts';
import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import { hostNamespaces } from './namespaces.ts';

const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
const VM = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1`;
const VMS = 'Microsoft.Compute/virtualMachines';
const nothing: Pick<HostCache, 'observe'> = { observe: () => ({ state: 'unknown' }) };

it('are those of all who name the host, in any spelling, and of those in its ledger; else azid’s own', () => {
  const stores = emptyStores();
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

it('are those of all who select it, too, as the cache has it', () => {
  const stores = emptyStores();
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
