import { describe, expect, it } from 'vitest';
import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import { FINALIZER, RECONCILE_ANNOTATION, RELEASE_ANNOTATION } from '../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { ConfigMap, Namespace } from '../kube/builtin.ts';
import { Store } from '../kube/informer/store.ts';
import type { ObjectMeta } from '../kube/types.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { wakeOnKubernetes } from './wake.ts';

const onListenerError = (error: unknown) => {
  throw error;
};

function stores(): Stores {
  return {
    identities: new Store<UserAssignedIdentity>({ onListenerError }),
    policies: new Store<IdentityPolicy>({ onListenerError }),
    namespaces: new Store<Namespace>({ onListenerError }),
    configMaps: new Store<ConfigMap>({ onListenerError }),
    grants: new Store<RoleGrant>({ onListenerError }),
    credentials: new Store<FederatedIdentityCredential>({ onListenerError }),
    attachments: new Store<IdentityAttachment>({ onListenerError }),
    systemIdentities: new Store<SystemAssignedIdentity>({ onListenerError }),
    hosts: new Store<HostIdentity>({ onListenerError }),
    expiries: new Store<AssignmentExpiry>({ onListenerError }),
  };
}

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

/** The keys woken by a change of one object. */
function wokenBy(before: UserAssignedIdentity, after: UserAssignedIdentity): string[] {
  const { identities, ...others } = stores();
  identities.take({ type: 'apply', object: before });
  const woken: string[] = [];
  using _ = wakeOnKubernetes(
    { identities, ...others },
    { identity: (key) => woken.push(key), policy: () => {} },
  );
  identities.take({ type: 'apply', object: after });
  return woken;
}

describe('an identity is woken', () => {
  const before = identity('1', {});
  const deleted = { deletionTimestamp: '2026-11-23T10:01:00Z' };

  it.each([
    ['by an edit', before, identity('2', { generation: 2 })],
    ['by its deletion', before, identity('2', deleted)],
    ['by a request to look now', before, identity('2', { annotations: { [RECONCILE_ANNOTATION]: 'now' } })],
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
    expect(wokenBy(from, to)).toEqual(['shop/frontend']);
  });

  it.each([
    ['its own status', identity('2', {}, { observedGeneration: 1 })],
    ['its own finalizer', identity('2', { finalizers: [FINALIZER] })],
    ['labels and annotations of others', identity('2', { labels: { a: 'b' }, annotations: { c: 'd' } })],
  ])('not by %s', (_, to) => {
    expect(wokenBy(before, to)).toEqual([]);
  });
});
