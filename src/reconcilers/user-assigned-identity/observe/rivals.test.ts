import { expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { HeldIdentities, INSTALLATION } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import { resolveTarget } from '../target.ts';
import type { ObserveDeps } from './deps.ts';
import { rivalsOf } from './rivals.ts';

const A = '00000000-0000-4000-8000-00000000000a';

it('an object that azid is done with, and that a finalizer of somebody else keeps, is no rival: nobody reconciles it any more', () => {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  put(stores.policies, {
    metadata: clusterMeta('shop'),
    spec: { namespaces: { names: ['shop'] }, identities: { scopes: [`/subscriptions/${A}`] } },
  });
  const spec = { subscriptionId: A, resourceGroup: 'rg1', location: 'westeurope', name: 'web' };
  const of = (name: string, more = {}) => {
    const object = { metadata: meta(name, more), spec } as unknown as UserAssignedIdentity;
    put(stores.identities, object);
    return object;
  };
  of('before', {
    creationTimestamp: '2026-01-01T00:00:00Z',
    deletionTimestamp: '2026-11-23T09:00:00Z',
    finalizers: ['backup.example/hold'],
  });
  const mine = of('mine');
  const resolution = resolveTarget(mine, { tags: {} });
  if (!resolution.resolved) throw new Error('no target');
  const held = new HeldIdentities();
  const deps = {
    stores,
    installationId: INSTALLATION,
    proofs: held.proofs(stores),
    principals: { lastOf: () => undefined },
    identityCache: held,
  } as unknown as ObserveDeps;
  expect(rivalsOf(mine, resolution.target, deps)).toEqual([]);
});

it('one whose namespace was not seen is a rival of whom it cannot be told what it may have', () => {
  const stores = emptyStores();
  const spec = { subscriptionId: A, resourceGroup: 'rg1', location: 'westeurope', name: 'web' };
  const [mine] = ['mine', 'theirs'].map((name) => {
    const object = { metadata: meta(name), spec } as unknown as UserAssignedIdentity;
    put(stores.identities, object);
    return object;
  });
  if (!mine) throw new Error('no object');
  const resolution = resolveTarget(mine, { tags: {} });
  if (!resolution.resolved) throw new Error('no target');
  const held = new HeldIdentities();
  const deps = {
    stores,
    installationId: INSTALLATION,
    proofs: held.proofs(stores),
    principals: { lastOf: () => undefined },
    identityCache: held,
  } as unknown as ObserveDeps;
  expect(rivalsOf(mine, resolution.target, deps)).toMatchObject([
    { key: 'shop/theirs', allowed: false, unseen: true },
  ]);
});
