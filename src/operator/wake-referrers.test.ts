import { beforeEach, describe, expect, it } from 'vitest';
import type { AzureHost } from '../azure/hosts/host.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { How } from '../cache/store/entry.ts';
import type { ChangeListener } from '../cache/store/store.ts';
import { emptyStores, meta, put } from '../reconcilers/stores.fixture.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { wakeReferrersOf, wakeReferrersOnHosts } from './wake-referrers.ts';

const RG = '/subscriptions/s/resourceGroups/rg1/providers';
const WEB = `${RG}/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const VM = `${RG}/Microsoft.Compute/virtualMachines/vm`;
const OTHER_VM = `${VM}2`;

let stores: Stores;
let woken: string[];
const note = (kind: string) => (key: string, priority: string) =>
  void woken.push(`${kind} ${key} ${priority}`);
const wake = {
  grant: note('grant'),
  credential: note('credential'),
  attachment: note('attachment'),
  host: note('host'),
};
const identityRef = { name: 'web' };
const role = { role: { name: 'Reader' }, scope: '/' };
const owners = [
  { kind: 'IdentityAttachment' as const, namespace: 'shop', name: 'attach', uid: 'uid-attach' },
];
const line = {
  state: 'Attached' as const,
  owned: true,
  owners,
  credential: 'azid',
  since: '2026-11-28T10:00:00Z',
};

beforeEach(() => {
  stores = emptyStores();
  woken = [];
  put(stores.identities, { metadata: meta('web'), spec: {} });
  put(stores.grants, { metadata: meta('read'), spec: { principal: { identityRef }, ...role } });
  put(stores.grants, {
    metadata: meta('other'),
    spec: { principal: { identityRef: { name: 'mail' } }, ...role },
  });
  put(stores.grants, {
    metadata: meta('by-system'),
    spec: { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'vm' } }, ...role },
  });
  put(stores.credentials, { metadata: meta('ci'), spec: { identityRef } });
  put(stores.attachments, { metadata: meta('attach'), spec: { identityRef, target: { resourceId: VM } } });
  put(stores.systemIdentities, { metadata: meta('vm'), spec: { resourceId: VM } });
  for (const [name, resourceId] of [
    ['named', VM],
    ['held', OTHER_VM],
    ['stranger', `${VM}3`],
  ] as const)
    put(stores.hosts, {
      metadata: meta(name),
      spec: { resourceId },
      ...(name === 'held' && { status: { entries: [{ identityId: WEB, ...line }] } }),
    });
});

describe('a change of an identity in Azure', () => {
  it('wakes whoever refers to it, and the resources that are to have it or have it', () => {
    wakeReferrersOf(stores, wake, WEB.toUpperCase(), 'event');
    expect(woken.toSorted()).toEqual([
      'attachment shop/attach event',
      'credential shop/ci event',
      'grant shop/read event',
      'host shop/held event',
      'host shop/named event',
    ]);
  });

  it('also by the name of its spec where the status names another', () => {
    put(stores.identities, {
      metadata: meta('web'),
      spec: {},
      status: { coordinates: { subscriptionId: 's', resourceGroup: 'rg1', location: 'x', name: 'forged' } },
    });
    wakeReferrersOf(stores, wake, WEB, 'resync');
    expect(woken).toContain('grant shop/read resync');
  });
});

describe('a change of a resource’s own identity wakes the grants that refer to it,', () => {
  const watched = (change: (told: (key: string, how: How) => void) => void) => {
    let listener: (key: string, how: How) => void = () => {};
    const hostMirror = {
      onChange: (given: ChangeListener<AzureHost>) => {
        listener = (key, how) => given(key, how, { before: undefined, after: undefined });
        return { [Symbol.dispose]: () => {} };
      },
    };
    using _ = wakeReferrersOnHosts(stores, hostMirror, wake);
    change(listener);
    return woken;
  };

  it('in Azure, by azid’s own write too', () => {
    expect(watched((told) => told(armKey(VM), 'write'))).toEqual(['grant shop/by-system event']);
  });

  it('in the ledger, which says whose it is; not for what else changes there', () => {
    const ledger = (status: object) =>
      put(stores.hosts, { metadata: meta('named'), spec: { resourceId: VM }, status });
    expect(watched(() => ledger({ systemAssigned: line }))).toEqual(['grant shop/by-system event']);
    woken = [];
    expect(watched(() => ledger({ systemAssigned: line, hostId: VM }))).toEqual([]);
  });
});
