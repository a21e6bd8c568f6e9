import { beforeEach, expect, it } from 'vitest';
import type { FederatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { watchWorld } from '../watches/watches.fixture.ts';

const ID =
  '/subscriptions/s/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web/federatedIdentityCredentials/a';
const ready = (reason: string, observedGeneration = 1) => ({
  observedGeneration,
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason,
      message: '',
      lastTransitionTime: '',
      observedGeneration,
    },
  ],
});

let stores: Stores;
beforeEach(() => {
  stores = emptyStores();
  for (const name of ['web', 'other']) put(stores.identities, { metadata: meta(name), spec: {}, status: {} });
});

const credential = (
  name: string,
  identity: string,
  status: FederatedIdentityCredential['status'] = {},
  generation = 1,
) =>
  put(stores.credentials, {
    metadata: meta(name, { generation }),
    spec: { identityRef: { name: identity } },
    status,
  });
const enqueuedBy = (change: () => void) => watchWorld(stores).enqueuedBy(change, ['credential']);

it('an object that waits on an identity is enqueued by one that gives up its credential there', () => {
  credential('first', 'web', { ledger: [ID] });
  credential('waits', 'web');
  expect(enqueuedBy(() => credential('first', 'web', { ledger: [] }))).toContain('credential shop/waits');
});

it('also by one that has moved to another identity since', () => {
  credential('first', 'other', { ledger: [ID] });
  credential('waits', 'web');
  expect(enqueuedBy(() => credential('first', 'other', { ledger: [] }))).toContain('credential shop/waits');
});

it('also who rests on what is not its own, or was edited since it had its own; not who has its own', () => {
  credential('first', 'other', { ledger: [ID] });
  credential('rests', 'web', ready('ExistsUnmanaged'));
  credential('edited', 'web', ready('Ready'), 2);
  credential('settled', 'web', ready('Ready'));
  const waiting = ['credential shop/edited', 'credential shop/rests'];
  const enqueued = enqueuedBy(() => credential('first', 'other', { ledger: [] }));
  expect(enqueued.filter((each) => !each.endsWith('/first'))).toEqual(waiting);
});

it('who waits is enqueued when azid is done with an object that another finalizer keeps', () => {
  const going = { deletionTimestamp: '2026-11-23T10:01:00Z', generation: 2 };
  const first = (finalizers: string[]) =>
    put(stores.credentials, {
      metadata: meta('first', { ...going, finalizers }),
      spec: { identityRef: { name: 'web' } },
      status: { ledger: [ID] },
    });
  first([FINALIZER, 'others/own']);
  credential('waits', 'web');
  expect(enqueuedBy(() => first(['others/own']))).toContain('credential shop/waits');
});

it('one that comes may be whose it was that another is content with', () => {
  credential('rests', 'web', ready('ExistsUnmanaged'));
  credential('waits', 'web');
  credential('settled', 'web', ready('Ready'));
  expect(enqueuedBy(() => credential('anew', 'web'))).toEqual([
    'credential shop/anew',
    'credential shop/rests',
  ]);
});

it('what a ledger names that is no credential enqueues nobody, and breaks nothing', () => {
  credential('forged', 'other', { ledger: ['web', '/x/federatedIdentityCredentials/y'] });
  credential('waits', 'web');
  expect(enqueuedBy(() => credential('forged', 'other'))).toEqual(['credential shop/forged']);
});

it('all on the identity are enqueued by a DELETE that this process sent for one of them; not by its PUTs', () => {
  credential('waits', 'web');
  credential('elsewhere', 'other');
  const { caches, enqueuedBy: by } = watchWorld(stores);
  const told = (how: 'delete' | 'write') =>
    by(() => caches.credentialCache.tell(ID.toLowerCase(), how), ['credential']);
  expect(told('delete')).toEqual(['credential shop/waits']);
  expect(told('write')).toEqual([]);
});
