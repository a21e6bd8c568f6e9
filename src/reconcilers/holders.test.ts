import { beforeEach, expect, it } from 'vitest';
import type { IdentityAttachmentSpec } from '../api/identity-attachment.ts';
import type { ObjectMeta } from '../kube/types.ts';
import { emptyStores, meta, put } from './stores.fixture.ts';
import type { Stores } from './stores.ts';
import { type KindOfTest, watchWorld } from './watches/watches.fixture.ts';

const GROUP = '/subscriptions/s/resourceGroups/rg1/providers';
const VM = `${GROUP}/Microsoft.Compute/virtualMachines/web`;
const WEB = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const MAIL = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/mail`;
const going = { deletionTimestamp: '2026-11-23T10:01:00Z' };
const edited = { generation: 2 };

let stores: Stores;
beforeEach(() => {
  stores = emptyStores();
  for (const [name, metadata] of [
    ['web', going],
    ['mail', {}],
  ] as const) {
    const id = name === 'web' ? WEB : MAIL;
    put(stores.identities, { metadata: meta(name, metadata), spec: {}, status: { id } });
    put(stores.systemIdentities, { metadata: meta(name, metadata), spec: { resourceId: VM } });
  }
});

/** What a change enqueues, the rest being there before. */
const enqueuedBy = (change: () => void, ...kinds: KindOfTest[]) =>
  watchWorld(stores).enqueuedBy(change, kinds.length > 0 ? kinds : ['identity', 'systemIdentity']);

const credential = (name: string, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.credentials, { metadata: meta('ci', metadata), spec: { identityRef: { name } } });
const grant = (
  name: string,
  metadata: Partial<ObjectMeta> = {},
  kind: 'UserAssignedIdentity' | 'SystemAssignedIdentity' = 'UserAssignedIdentity',
) =>
  put(stores.grants, {
    metadata: meta('read', metadata),
    spec: { principal: { identityRef: { kind, name } }, role: { name: 'Reader' }, scope: '/' },
  });
const attachment = (what: Partial<IdentityAttachmentSpec>, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.attachments, {
    metadata: meta('on-vm', metadata),
    spec: { target: { resourceId: VM }, ...what },
  });
const entry = { state: 'Attached' as const, owned: true, owners: [], credential: 'azid', since: 'x' };
const host = (...identityIds: string[]) =>
  put(stores.hosts, {
    metadata: meta('vm', { namespace: 'azid-system' }),
    spec: { resourceId: VM },
    status: { entries: identityIds.map((identityId) => ({ ...entry, identityId })) },
  });

it('an identity that waits to go is enqueued when what refers to it comes, goes, or refers to another', () => {
  const web = ['identity shop/web'];
  expect(enqueuedBy(() => credential('web'))).toEqual(web);
  expect(enqueuedBy(() => credential('web', going))).toEqual(web);
  expect(enqueuedBy(() => grant('web'))).toEqual(web);
  expect(enqueuedBy(() => grant('mail', edited))).toEqual(web);
  expect(enqueuedBy(() => attachment({ identityRef: { name: 'web' } }))).toEqual(web);
  expect(enqueuedBy(() => attachment({ identityRef: { name: 'mail' } }, edited))).toEqual(web);
  expect(enqueuedBy(() => attachment({ identityId: WEB.toUpperCase() }, { generation: 3 }))).toEqual(web);
  expect(enqueuedBy(() => attachment({ identityId: WEB }, { generation: 3, ...going }))).toEqual(web);
});

it('a SystemAssignedIdentity that waits to go is enqueued when a grant of it does, and no other identity', () => {
  expect(enqueuedBy(() => grant('web', {}, 'SystemAssignedIdentity'))).toEqual(['systemIdentity shop/web']);
  expect(enqueuedBy(() => grant('web', going, 'SystemAssignedIdentity'))).toEqual([
    'systemIdentity shop/web',
  ]);
  expect(enqueuedBy(() => grant('mail', edited, 'SystemAssignedIdentity'))).toEqual([
    'systemIdentity shop/web',
  ]);
});

it('an identity that waits to go is enqueued when the ledger of a resource that has it changes', () => {
  expect(enqueuedBy(() => host(WEB.toLowerCase(), MAIL), 'identity')).toEqual(['identity shop/web']);
  expect(enqueuedBy(() => host(MAIL), 'identity')).toEqual(['identity shop/web']);
  expect(enqueuedBy(() => host(MAIL, `${GROUP}/forged`), 'identity')).toEqual([]);
});

it('nobody else is enqueued, nor by a status', () => {
  const quiet = [
    () => credential('mail'),
    () => grant('mail'),
    () => grant('mail', edited, 'SystemAssignedIdentity'),
    () => attachment({ identityRef: { name: 'mail' } }),
    () => attachment({ identityRef: { name: 'none' } }),
    () => host(MAIL),
  ];
  attachment({ identityRef: { name: 'web' } });
  grant('web');
  quiet.push(
    () => attachment({ identityRef: { name: 'web' } }),
    () => grant('web'),
  );
  for (const change of quiet.slice(-2)) expect(enqueuedBy(change)).toEqual([]);
  stores = emptyStores();
  put(stores.identities, { metadata: meta('mail'), spec: {}, status: { id: MAIL } });
  for (const change of quiet.slice(0, -2)) expect(enqueuedBy(change)).toEqual([]);
});
