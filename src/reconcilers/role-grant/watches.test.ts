import { beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrant } from '../../api/role-grant.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { HeldIdentities, identityAt, marksOf } from '../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { watchWorld } from '../watches/watches.fixture.ts';

const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const WEB =
  '/subscriptions/s/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web';
const VM = '/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/web';
const ASSIGNMENT = `/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/${PRINCIPAL}`;

let stores: Stores;
const identity = (name: string, status = {}, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.identities, { metadata: meta(name, metadata), spec: {}, status });
const system = (name: string, status = {}, metadata: Partial<ObjectMeta> = {}) =>
  put(stores.systemIdentities, { metadata: meta(name, metadata), spec: { resourceId: VM }, status });
const bySystem = { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'web' } } } as const;
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
  stores = emptyStores();
});

/** Azure shows `web` with its marks, and the machine `web` with an identity that is `web`'s. */
function world() {
  const held = new HeldIdentities();
  held.put(identityAt(WEB, PRINCIPAL, marksOf(meta('web'))));
  const hasOwn = stores.systemIdentities.get('shop/web') !== undefined;
  const systemProofs = {
    known: () => undefined,
    ownersNamed: () => [],
    ofPrincipal: (principalId: string) => (hasOwn && principalId === PRINCIPAL ? ['shop/web'] : []),
  };
  return watchWorld(stores, { proofs: held.proofs(stores), systemProofs });
}

/** What a change enqueues, the rest being there before. */
const enqueuedBy = (change: () => void) => world().enqueuedBy(change, ['grant', 'expiry']);

describe('a grant is enqueued', () => {
  it('when one that shares its principal is refused by Azure, or is no longer: its turn may have come', () => {
    const stalled = (reason: string) => ({
      principalId: PRINCIPAL,
      conditions: [
        {
          type: 'Stalled',
          status: 'True',
          reason,
          message: '',
          lastTransitionTime: '',
          observedGeneration: 1,
        },
      ],
    });
    identity('web', { principalId: PRINCIPAL });
    const first = (status: object) => grant('first', {}, status, { generation: 1 });
    first({ principalId: PRINCIPAL });
    grant('second');
    expect(enqueuedBy(() => first(stalled('RejectedByAzure')))).toEqual(['grant shop/second']);
    expect(enqueuedBy(() => first({ principalId: PRINCIPAL }))).toEqual(['grant shop/second']);
    expect(enqueuedBy(() => first(stalled('ConflictingGrant')))).toEqual([]);
  });

  it('by an edit of one that refers to the same identity, though its principal is not known yet', () => {
    grant('read');
    grant('anew');
    grant('other', { principal: { identityRef: { name: 'mail' } } });
    expect(enqueuedBy(() => grant('anew', {}, {}, { generation: 2 }))).toEqual([
      'grant shop/anew',
      'grant shop/read',
    ]);
  });

  describe('when one that shares its principal', () => {
    const had = { principalId: PRINCIPAL, assignmentId: ASSIGNMENT, ledger: [ASSIGNMENT] };
    const inLine = {
      conditions: [
        {
          type: 'Stalled',
          status: 'True',
          reason: 'ConflictingGrant',
          message: '',
          lastTransitionTime: '',
          observedGeneration: 1,
        },
      ],
    };

    it('loses what it had, at its end say, which comes though it is suspended', () => {
      identity('web', { principalId: PRINCIPAL });
      const first = (status: object) => grant('first', { suspend: true }, status);
      first(had);
      grant('waits', {}, inLine);
      expect(enqueuedBy(() => first({ principalId: PRINCIPAL }))).toEqual(['grant shop/waits']);
      expect(enqueuedBy(() => first(had))).toEqual([]);
    });

    it('is named no more by the record of the assignment’s end; not when one more is', () => {
      grant('waits', { principal: { id: PRINCIPAL, type: 'ServicePrincipal' } }, inLine);
      const record = (...names: string[]) =>
        put(stores.expiries, {
          metadata: meta('record', { namespace: 'azid-system' }),
          spec: {
            assignmentId: ASSIGNMENT,
            principalId: PRINCIPAL,
            owners: names.map((name) => ({ namespace: 'shop', name, uid: `uid-${name}` })),
          },
        });
      const grants = (change: () => void) => world().enqueuedBy(change, ['grant']);
      record('first');
      expect(grants(() => record('first', 'second'))).toEqual([]);
      expect(grants(() => record('second'))).toEqual(['grant shop/waits']);
      const gone = () => {
        const object = stores.expiries.get('azid-system/record');
        if (object) stores.expiries.recordDelete(object);
      };
      expect(grants(gone)).toEqual(['grant shop/waits']);
    });

    it('may have it no longer, though its namespace is another one', () => {
      put(stores.namespaces, { metadata: clusterMeta('shop') });
      grant('first');
      grant('waits', {}, inLine, { namespace: 'other' });
      grant('rests', {}, {}, { namespace: 'other' });
      const policy = () =>
        put(stores.policies, { metadata: clusterMeta('p'), spec: { namespaces: { names: ['shop'] } } });
      expect(enqueuedBy(policy)).toEqual(['grant other/waits', 'grant shop/first']);
    });
  });

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
      expect(enqueuedBy(step)).toEqual(['grant shop/read']);
    }
    expect(enqueuedBy(() => identity('web', { principalId: 'p2', tagKeys: ['a'] }, deleted))).toEqual([]);
  });

  it('by an edit of one that has the same principal, by reference or by id; not by its status', () => {
    identity('web', { principalId: PRINCIPAL });
    grant('read');
    grant('same');
    grant('by-id', { principal: { id: PRINCIPAL.toUpperCase(), type: 'ServicePrincipal' } });
    grant('stranger', { principal: { id: READER, type: 'ServicePrincipal' } });
    const all = ['grant shop/by-id', 'grant shop/read', 'grant shop/same'];
    expect(enqueuedBy(() => grant('read', {}, {}, { generation: 2 }))).toEqual(all);
    expect(enqueuedBy(() => grant('read', {}, { principalId: PRINCIPAL }, { generation: 2 }))).toEqual([]);
    expect(
      enqueuedBy(() => grant('by-id', { principal: { id: PRINCIPAL, type: 'User' } }, {}, deleted)),
    ).toEqual(all);
  });

  it('by a change of an assignment or a role that it has', () => {
    grant('read', {}, { ledger: [ASSIGNMENT.toUpperCase()], roleDefinitionId: `/x/${READER}` });
    grant('by-id', { role: { id: READER.toUpperCase() } });
    const { caches, enqueuedBy: by } = world();
    const reported = (how: 'get' | 'write' | 'delete') =>
      by(() => caches.assignmentCache.tell(armKey(ASSIGNMENT), how), ['grant']);
    expect(reported('get')).toEqual(['grant shop/read']);
    expect(reported('delete')).toEqual(['grant shop/read']);
    expect(reported('write')).toEqual([]);
    expect(by(() => caches.roles.emit(READER), ['grant'])).toEqual(['grant shop/by-id', 'grant shop/read']);
  });

  it('by what azid itself wrote for another, if that is not what it declares', () => {
    const only = { expression: "@Resource[a:b] StringEquals 'c'", version: '2.0' } as const;
    const status = { ledger: [ASSIGNMENT] };
    grant('older', {}, status);
    grant('younger', { condition: only }, status);
    grant('elsewhere', { condition: only });
    const { caches, enqueuedBy: by } = world();
    const written = (condition?: string) => {
      caches.assignmentCache.present.set(armKey(ASSIGNMENT), { condition });
      return by(() => caches.assignmentCache.tell(armKey(ASSIGNMENT), 'write'), ['grant']);
    };
    expect(written()).toEqual(['grant shop/younger']);
    expect(written(only.expression)).toEqual(['grant shop/older']);
    expect(written("@Resource[a:b]  StringEquals 'c'")).toEqual(['grant shop/older']);
  });

  it('when its SystemAssignedIdentity comes, gets a principal or another one, loses it, goes, or is gone', () => {
    grant('read', bySystem);
    grant('other', { principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'mail' } } });
    grant('user-assigned');
    const gone = () => {
      const object = stores.systemIdentities.get('shop/web');
      if (object) stores.systemIdentities.take({ type: 'delete', object });
    };
    const steps = [
      () => system('web'),
      () => system('web', { id: VM, principalId: PRINCIPAL }),
      () => system('web', { id: VM, principalId: 'p2' }),
      () => system('web', { id: VM }),
      () => system('web', { id: VM }, deleted),
      gone,
    ];
    for (const step of steps) {
      expect(enqueuedBy(step)).toEqual(['grant shop/read']);
      // Its other status writes are no news.
      const { status = {}, metadata } = stores.systemIdentities.get('shop/web') ?? {};
      if (!metadata) continue;
      const reported = { ...status, clientId: 'c1' };
      const { deletionTimestamp } = metadata;
      expect(enqueuedBy(() => system('web', reported, deletionTimestamp ? deleted : {}))).toEqual([]);
    }
  });

  it('by an edit of one that has the same principal through a SystemAssignedIdentity', () => {
    system('web', { id: VM, principalId: PRINCIPAL.toUpperCase() });
    grant('read', bySystem);
    grant('by-id', { principal: { id: PRINCIPAL, type: 'ServicePrincipal' } });
    const all = ['grant shop/by-id', 'grant shop/read'];
    expect(enqueuedBy(() => grant('by-id', {}, {}, { generation: 2 }))).toEqual(all);
    expect(enqueuedBy(() => grant('read', bySystem, {}, { generation: 2 }))).toEqual(['grant shop/read']);
  });
});
