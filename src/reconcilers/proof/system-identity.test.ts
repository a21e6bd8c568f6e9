import { describe, expect, it } from 'vitest';
import type { HostIdentity } from '../../api/host-identity.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import { SystemProofs } from './system-identity.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';

describe('a resource whose ledger has as many owners as it names', () => {
  const VM = `${SUB}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1`;

  it('proves nothing for an object that it does not name, unless a policy allows it: anybody makes one', () => {
    const stores = emptyStores();
    const owners = Array.from({ length: MAX_OWNERS }, (_, n) => ({
      kind: 'SystemAssignedIdentity' as const,
      namespace: 'shop',
      name: `vm-${n}`,
      uid: `uid-${n}`,
    }));
    put(stores.hosts, {
      metadata: meta('host-1', { namespace: 'azid-system' }),
      spec: { resourceId: VM },
      status: {
        systemAssigned: {
          principalId: 'p',
          state: 'Attached',
          owned: true,
          owners,
          credential: 'azid',
          since: '2026-11-23T09:00:00Z',
        },
      },
    } as Omit<HostIdentity, 'apiVersion' | 'kind'>);
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: { namespaces: { names: ['shop'] }, systemAssigned: [{ types: ['*'], scopes: [SUB] }] },
    });
    for (const namespace of ['shop', 'stranger']) {
      put(stores.namespaces, { metadata: clusterMeta(namespace) });
      put(stores.systemIdentities, {
        metadata: meta('mine', { namespace, uid: `mine-in-${namespace}` }),
        spec: { resourceId: VM },
      } as Omit<SystemAssignedIdentity, 'apiVersion' | 'kind'>);
    }
    const proofs = new SystemProofs({
      stores,
      clock: new FakeClock(Date.parse('2026-11-23T10:00:00Z')),
      hostCache: {
        observe: () =>
          ({
            state: 'present',
            how: 'get',
            ageMs: 0,
            resource: { id: VM, identity: { system: true, principalId: 'p', userAssigned: [] } },
          }) as never,
        byIndex: () => [],
        loading: () => false,
      },
      systemIdentity: async () => ({ found: true, principalId: 'p' }),
    });
    // No policy selects namespace `stranger`.
    expect(proofs.known('stranger/mine')).toBeUndefined();
    expect(proofs.resourceOf('stranger/mine')).toBeUndefined();
    expect(proofs.known('shop/mine')).toMatchObject({ principalId: 'p' });
  });
});

describe('a resource whose ledger names an object of the same name that was there before', () => {
  const VM = `${SUB}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm1`;

  function world() {
    const stores = emptyStores();
    put(stores.namespaces, { metadata: clusterMeta('shop') });
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: { namespaces: { names: ['shop'] }, systemAssigned: [{ types: ['*'], scopes: [SUB] }] },
    });
    const owner = {
      kind: 'SystemAssignedIdentity' as const,
      namespace: 'shop',
      name: 'own',
      uid: 'uid-before',
    };
    put(stores.hosts, {
      metadata: meta('host-1', { namespace: 'azid-system' }),
      spec: { resourceId: VM },
      status: {
        systemAssigned: {
          principalId: 'p',
          state: 'Attached',
          owned: true,
          owners: [owner],
          credential: 'azid',
          since: '2026-11-23T09:00:00Z',
        },
      },
    } as Omit<HostIdentity, 'apiVersion' | 'kind'>);
    const proofs = new SystemProofs({
      stores,
      clock: new FakeClock(),
      hostCache: {
        observe: () => ({ state: 'unknown' }),
        byIndex: (_: string, principalId: string) => (principalId === 'p' ? [{ key: armKey(VM) }] : []),
        loading: () => false,
      } as never,
      systemIdentity: async () => ({ found: false, conclusive: false }),
    });
    const own = (spec: object = {}, metadata: object = {}) =>
      put(stores.systemIdentities, {
        metadata: meta('own', { uid: 'uid-anew', ...metadata }),
        spec: { resourceId: VM, ...spec },
      });
    return { stores, proofs, own };
  }

  it('shows whose the principal was, though the object is not there', () => {
    const { proofs } = world();
    expect(proofs.ownersNamed('p')).toEqual(['shop/own']);
    expect(proofs.isPrincipalOf('p', 'shop/own')).toBe(true);
    expect(proofs.isPrincipalOf('p', 'shop/other')).toBe(false);
    expect(proofs.isPrincipalOf('q', 'shop/own')).toBe(false);
  });

  it('is about to name the one that came back, if that may have it', () => {
    const { proofs, own, stores } = world();
    expect(proofs.isReturning('shop/own')).toBe(false);
    own();
    expect(proofs.isReturning('shop/own')).toBe(true);
    own({ suspend: true });
    expect(proofs.isReturning('shop/own')).toBe(false);
    own({}, { deletionTimestamp: '2026-11-23T10:00:00Z' });
    expect(proofs.isReturning('shop/own')).toBe(false);
    own({}, { uid: 'uid-before' });
    expect(proofs.isReturning('shop/own')).toBe(false);
    own();
    put(stores.policies, { metadata: clusterMeta('shop'), spec: { namespaces: { names: ['shop'] } } });
    expect(proofs.isReturning('shop/own')).toBe(false);
  });
});
