import { beforeEach, describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/schema/common.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { watchWorld } from '../watches/watches.fixture.ts';

const WEB =
  '/subscriptions/s/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web';

/** `first` and `waits` want one ARM id; `waits` is `OwnedByAnother`, which is looked at again after 30 minutes. */
let stores: Stores;
beforeEach(() => {
  stores = emptyStores();
});
const identity = (
  name: string,
  metadata: Partial<ObjectMeta> = {},
  spec: Partial<UserAssignedIdentity['spec']> = {},
  status: UserAssignedIdentity['status'] = {},
) => put(stores.identities, { metadata: meta(name, metadata), spec: { name: 'web', ...spec }, status });
const enqueuedBy = (change: () => void) => watchWorld(stores).enqueuedBy(change, ['identity']);
const going = { deletionTimestamp: '2026-11-23T10:01:00Z' };
const condition = (type: 'Ready' | 'Stalled', reason: string) => ({
  conditions: [
    {
      type,
      status: 'True' as const,
      reason,
      message: '',
      lastTransitionTime: '',
      observedGeneration: 1,
    },
  ],
});
const inLine = condition('Stalled', 'OwnedByAnother');

describe('an object that waits for an identity is enqueued when the first', () => {
  it('is gone', () => {
    identity('waits');
    identity('first', { ...going, finalizers: [FINALIZER] });
    const object = stores.identities.get('shop/first');
    expect(enqueuedBy(() => object && stores.identities.recordDelete(object))).toContain(
      'identity shop/waits',
    );
  });

  it('is one that azid is done with, and another finalizer keeps: it counts as gone', () => {
    identity('waits');
    identity('first', { ...going, finalizers: [FINALIZER, 'others/own'] });
    const done = () => identity('first', { ...going, finalizers: ['others/own'] });
    expect(enqueuedBy(done)).toContain('identity shop/waits');
  });

  it('is suspended, or goes on: while it had nothing yet it holds nothing', () => {
    identity('waits');
    identity('first');
    const suspend = (generation: number, is: boolean) => () =>
      identity('first', { generation }, { suspend: is });
    expect(enqueuedBy(suspend(2, true))).toContain('identity shop/waits');
    expect(enqueuedBy(suspend(3, false))).toContain('identity shop/waits');
  });

  it('turns out to be at another place', () => {
    identity('waits');
    identity('first');
    const coordinates = { subscriptionId: 's', resourceGroup: 'rg2', location: 'x', name: 'web' };
    expect(enqueuedBy(() => identity('first', {}, {}, { coordinates }))).toContain('identity shop/waits');
  });

  it('may no longer have it, though its namespace is another one', () => {
    put(stores.namespaces, { metadata: clusterMeta('shop') });
    identity('first');
    identity('waits', { namespace: 'other' }, {}, inLine);
    identity('rests', { namespace: 'other' });
    const policy = (name: string) =>
      put(stores.policies, { metadata: clusterMeta(name), spec: { namespaces: { names: ['shop'] } } });
    expect(enqueuedBy(() => policy('new'))).toEqual(['identity other/waits', 'identity shop/first']);
    const relabel = () =>
      put(stores.namespaces, { metadata: { ...clusterMeta('shop'), labels: { team: 'b' } } });
    expect(enqueuedBy(relabel)).toEqual(['identity other/waits', 'identity shop/first']);
  });

  it('had it deleted in Azure by this process, which knows that for the first alone', () => {
    identity('waits');
    const { caches, enqueuedBy: by } = watchWorld(stores);
    expect(by(() => caches.identityCache.tell(WEB, 'delete'), ['identity'])).toEqual(['identity shop/waits']);
    expect(by(() => caches.identityCache.tell(WEB, 'write'), ['identity'])).toEqual([]);
  });
});

it('an object that waits for the name of a ConfigMap is enqueued when it goes with the object that had it', () => {
  const output = (name: string) => ({ output: { configMap: { name } } });
  identity('waits', {}, output('web'));
  identity('other', {}, output('other'));
  const map = { ...meta('web'), labels: { 'app.kubernetes.io/managed-by': 'azid' } };
  put(stores.configMaps, { metadata: map, data: {} });
  const change = (data: Readonly<Record<string, string>>) =>
    put(stores.configMaps, { metadata: { ...map, resourceVersion: meta('web').resourceVersion }, data });
  expect(enqueuedBy(() => change({ a: 'b' }))).toEqual([]);
  const object = stores.configMaps.get('shop/web');
  expect(enqueuedBy(() => object && stores.configMaps.recordDelete(object))).toEqual(['identity shop/waits']);
});

it('an edit of one enqueues nobody of the same name who has what it wants', () => {
  identity('settled', {}, {}, condition('Ready', 'Ready'));
  identity('first');
  expect(enqueuedBy(() => identity('first', { generation: 2 }))).toEqual(['identity shop/first']);
});
