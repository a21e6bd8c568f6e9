import { beforeEach, describe, expect, it } from 'vitest';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { armKey } from '../azure/resource-id.ts';
import type { ConfigMap, Namespace } from '../kube/builtin.ts';
import { Store } from '../kube/store.ts';
import type { KubeObject, ObjectMeta } from '../kube/types.ts';
import { addIndexes, type Stores } from '../reconcilers/stores.ts';
import { wakeGrantsOnKubernetes, wakeOnAssignment, wakeOnRole } from './wake-grants.ts';

const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const ASSIGNMENT = `/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/${PRINCIPAL}`;

let stores: Stores;
let woken: string[];
const wake = {
  identity: (key: string) => void woken.push(`identity ${key}`),
  grant: (key: string) => void woken.push(`grant ${key}`),
};
let version = 0;

function meta(name: string, metadata: Partial<ObjectMeta>): ObjectMeta {
  return {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    creationTimestamp: '2026-11-23T10:00:00Z',
    generation: 1,
    resourceVersion: String(++version),
    ...metadata,
  };
}
const put = <T extends KubeObject>(store: Store<T>, object: Omit<T, 'apiVersion' | 'kind'>) =>
  store.take({
    type: 'apply',
    object: { apiVersion: 'azid.dev/v1alpha1', kind: 'x', ...object } as unknown as T,
  });
const identity = (name: string, status = {}, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.identities, { metadata: meta(name, metadata), spec: {}, status });
const grant = (
  name: string,
  change: Partial<RoleGrant['spec']> = {},
  status = {},
  metadata: Partial<ObjectMeta> = {},
) =>
  put(stores.grants, {
    metadata: meta(name, metadata),
    spec: { principal: { identityRef: { name: 'web' } }, role: { name: 'Reader' }, scope: '/', ...change },
    status,
  });
const deleted = { deletionTimestamp: '2026-11-23T10:01:00Z' };

beforeEach(() => {
  const store = <T extends KubeObject>() =>
    new Store<T>({
      onListenerError: (error) => {
        throw error;
      },
    });
  stores = {
    identities: store<UserAssignedIdentity>(),
    policies: store<IdentityPolicy>(),
    namespaces: store<Namespace>(),
    configMaps: store<ConfigMap>(),
    grants: store<RoleGrant>(),
    credentials: store<FederatedIdentityCredential>(),
    attachments: store<IdentityAttachment>(),
    systemIdentities: store<SystemAssignedIdentity>(),
    hosts: store<HostIdentity>(),
  };
  addIndexes(stores);
  woken = [];
});

/** What a change wakes, the rest being there before. */
function wokenBy(change: () => void): string[] {
  using _ = wakeGrantsOnKubernetes(stores, wake);
  change();
  return woken.toSorted();
}

describe('a grant is woken', () => {
  it('when its identity comes, gets a principal or another one, goes, or is gone', () => {
    grant('read');
    grant('other', { principal: { identityRef: { name: 'mail' } } });
    const steps = [
      () => identity('web'),
      () => identity('web', { principalId: PRINCIPAL }),
      () => identity('web', { principalId: 'p2' }),
      () => identity('web', { principalId: 'p2' }, deleted),
    ];
    for (const step of steps) {
      woken = [];
      expect(wokenBy(step)).toEqual(['grant shop/read']);
    }
    woken = [];
    expect(wokenBy(() => identity('web', { principalId: 'p2', tagKeys: ['a'] }, deleted))).toEqual([]);
  });

  it('by an edit of one that has the same principal, by reference or by id; not by its status', () => {
    identity('web', { principalId: PRINCIPAL });
    grant('read');
    grant('same');
    grant('by-id', { principal: { id: PRINCIPAL.toUpperCase(), type: 'ServicePrincipal' } });
    grant('stranger', { principal: { id: READER, type: 'ServicePrincipal' } });
    const all = ['grant shop/by-id', 'grant shop/read', 'grant shop/same'];
    expect(wokenBy(() => grant('read', {}, {}, { generation: 2 }))).toEqual(all);
    woken = [];
    expect(wokenBy(() => grant('read', {}, { principalId: PRINCIPAL }, { generation: 2 }))).toEqual([]);
    expect(
      wokenBy(() => grant('by-id', { principal: { id: PRINCIPAL, type: 'User' } }, {}, deleted)),
    ).toEqual(all);
  });

  it('by a change of an assignment or a role that it has', () => {
    grant('read', {}, { ledger: [ASSIGNMENT.toUpperCase()], roleDefinitionId: `/x/${READER}` });
    grant('by-id', { role: { id: READER.toUpperCase() } });
    wakeOnAssignment(stores, wake, armKey(ASSIGNMENT), 'event');
    expect(woken).toEqual(['grant shop/read']);
    woken = [];
    wakeOnRole(stores, wake, READER);
    expect(woken.toSorted()).toEqual(['grant shop/by-id', 'grant shop/read']);
  });
});

it('an identity that waits to go is woken when what refers to it goes, grants and credentials alike', () => {
  identity('web', {}, deleted);
  identity('mail');
  grant('read');
  const credential = (metadata: Partial<ObjectMeta>) =>
    put(stores.credentials, { metadata: meta('ci', metadata), spec: { identityRef: { name: 'web' } } });
  credential({});
  expect(wokenBy(() => grant('read', {}, {}, deleted))).toContain('identity shop/web');
  woken = [];
  expect(wokenBy(() => credential(deleted))).toEqual(['identity shop/web']);
  woken = [];
  expect(wokenBy(() => grant('other', { principal: { identityRef: { name: 'mail' } } }))).toEqual([
    'grant shop/other',
  ]);
});
