import { beforeEach, describe, expect, it } from 'vitest';
import { armKey } from '../../azure/names/resource-id.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { watchWorld } from './watches.fixture.ts';

const RG = '/subscriptions/s/resourceGroups/rg1/providers';
const WEB = `${RG}/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const VM = `${RG}/Microsoft.Compute/virtualMachines/vm`;
const OTHER_VM = `${VM}2`;

let stores: Stores;
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

const REFERRERS = ['grant', 'credential', 'attachment', 'host'] as const;

describe('a change of an identity in Azure', () => {
  it('enqueues whoever refers to it, and the resources that are to have it or have it', () => {
    const { caches, enqueuedBy } = watchWorld(stores);
    const enqueued = enqueuedBy(() => caches.identityCache.tell(WEB.toUpperCase(), 'write'), REFERRERS, true);
    expect(enqueued).toEqual([
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
    const { caches, enqueuedBy } = watchWorld(stores);
    const enqueued = enqueuedBy(() => caches.identityCache.tell(WEB, 'list'), REFERRERS, true);
    expect(enqueued).toContain('grant shop/read resync');
  });
});

describe('without a change in Azure, whoever refers to an identity is enqueued', () => {
  const ALL = [
    'attachment shop/attach event',
    'credential shop/ci event',
    'grant shop/read event',
    'host shop/held event',
    'host shop/named event',
  ];

  it('when its own reconcile decides which identity it is', () => {
    put(stores.hosts, {
      metadata: meta('held'),
      spec: { resourceId: OTHER_VM },
      status: { entries: [{ identityId: WEB, ...line }] },
    });
    const { decided, enqueuedBy } = watchWorld(stores);
    expect(enqueuedBy(() => decided.emit(['shop/web']), REFERRERS, true)).toEqual(ALL);
    expect(enqueuedBy(() => decided.emit(['shop/mail']), REFERRERS)).toEqual(['grant shop/other']);
  });
});

describe('a list that is believed to hold everything from now on', () => {
  const ready = (status: 'True' | 'False') => ({
    conditions: [{ type: 'Ready', status, reason: 'X', message: '', lastTransitionTime: '' }],
  });
  const going = { deletionTimestamp: '2026-11-23T10:00:00Z' };

  it('enqueues who may have waited for it: who is on its way out, or not as declared', () => {
    for (const [name, metadata, status] of [
      ['settled', {}, ready('True')],
      ['open', {}, ready('False')],
      ['going', going, ready('True')],
    ] as const) {
      put(stores.identities, { metadata: meta(name, metadata), spec: {}, status });
      put(stores.grants, {
        metadata: meta(name, metadata),
        spec: { principal: { identityRef }, ...role },
        status,
      });
    }
    const { completed, enqueuedBy } = watchWorld(stores);
    const keys = ['settled', 'open', 'going', 'gone'].map((name) => `shop/${name}`);
    expect(enqueuedBy(() => completed.emit(keys), ['identity', 'grant'], true)).toEqual([
      'grant shop/going resync',
      'grant shop/open resync',
      'identity shop/going resync',
      'identity shop/open resync',
    ]);
  });
});

describe('a change of a resource’s own identity enqueues the grants that refer to it,', () => {
  it('in Azure, by azid’s own write too', () => {
    const { caches, enqueuedBy } = watchWorld(stores);
    const enqueued = enqueuedBy(() => caches.hostCache.tell(armKey(VM), 'write'), ['grant'], true);
    expect(enqueued).toEqual(['grant shop/by-system event']);
  });

  it('in the ledger, which says whose it is; not for what else changes there', () => {
    const ledger = (status: object) => () =>
      put(stores.hosts, { metadata: meta('named'), spec: { resourceId: VM }, status });
    const { enqueuedBy } = watchWorld(stores);
    const by = (status: object) => enqueuedBy(ledger(status), ['grant'], true);
    expect(by({ systemAssigned: line })).toEqual(['grant shop/by-system event']);
    expect(by({ systemAssigned: line, hostId: VM })).toEqual([]);
  });
});
