import { describe, expect, it } from 'vitest';
import { FINALIZER, RECONCILE_ANNOTATION, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { emptyStores } from '../stores.fixture.ts';
import { watchWorld } from '../watches/watches.fixture.ts';

function identity(resourceVersion: string, metadata: Partial<ObjectMeta>, status = {}): UserAssignedIdentity {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: {
      namespace: 'shop',
      name: 'frontend',
      uid: 'uid-1',
      creationTimestamp: '2026-11-23T10:00:00Z',
      generation: 1,
      resourceVersion,
      ...metadata,
    },
    spec: {},
    status,
  };
}

/** What a change of one object enqueues. */
function enqueuedBy(before: UserAssignedIdentity, after: UserAssignedIdentity): string[] {
  const stores = emptyStores();
  stores.identities.take({ type: 'apply', object: before });
  const change = () => stores.identities.take({ type: 'apply', object: after });
  return watchWorld(stores).enqueuedBy(change, ['identity']);
}

describe('an identity is enqueued', () => {
  const before = identity('1', {});
  const deleted = { deletionTimestamp: '2026-11-23T10:01:00Z' };

  it.each([
    ['by an edit', before, identity('2', { generation: 2 })],
    ['by its deletion', before, identity('2', deleted)],
    [
      'by a request to reconcile now',
      before,
      identity('2', { annotations: { [RECONCILE_ANNOTATION]: 'now' } }),
    ],
    [
      'by the wish to be let go while its deletion waits',
      identity('1', deleted),
      identity('2', { ...deleted, annotations: { [RELEASE_ANNOTATION]: 'true' } }),
    ],
    [
      'by somebody who strips the finalizer',
      identity('1', { finalizers: [FINALIZER, 'others/own'] }),
      identity('2', { finalizers: ['others/own'] }),
    ],
  ])('%s', (_, from, to) => {
    expect(enqueuedBy(from, to)).toEqual(['identity shop/frontend']);
  });

  it.each([
    ['its own status', identity('2', {}, { observedGeneration: 1 })],
    ['its own finalizer', identity('2', { finalizers: [FINALIZER] })],
    ['labels and annotations of others', identity('2', { labels: { a: 'b' }, annotations: { c: 'd' } })],
  ])('not by %s', (_, to) => {
    expect(enqueuedBy(before, to)).toEqual([]);
  });
});
