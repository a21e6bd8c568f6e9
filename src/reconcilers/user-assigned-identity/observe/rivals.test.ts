import { expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { HeldIdentities, INSTALLATION, identityAt } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import { resolveTarget } from '../object.ts';
import type { ObserveDeps } from './in-azure.ts';
import { rivalsOf } from './place.ts';

const A = '00000000-0000-4000-8000-00000000000a';

it.each([
  ['tells the truth', 'rg1'],
  ['was altered while no azid ran', 'rg9'],
])(
  'whose identity it is by the record is a rival, though its marks were stripped and its status %s',
  (_, group) => {
    const stores = emptyStores();
    put(stores.namespaces, { metadata: clusterMeta('shop') });
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: { namespaces: { names: ['shop'] }, identities: { scopes: [`/subscriptions/${A}`] } },
    });
    const place = { subscriptionId: A, location: 'westeurope', name: 'web' };
    const older = {
      metadata: meta('older', { creationTimestamp: '2026-01-01T00:00:00Z' }),
      // Suspended: azid does not put its status right either.
      spec: { ...place, suspend: true },
      status: { coordinates: { ...place, resourceGroup: group } },
    } as unknown as UserAssignedIdentity;
    const mine = {
      metadata: meta('mine'),
      spec: { ...place, resourceGroup: 'rg1' },
    } as unknown as UserAssignedIdentity;
    put(stores.identities, older);
    put(stores.identities, mine);
    const resolution = resolveTarget(mine, { tags: {} });
    if (!resolution.resolved) throw new Error('no target');
    const held = new HeldIdentities();
    held.put(identityAt(resolution.target.id, 'principal-1', {}));
    const recorded = { [older.metadata.uid]: 'principal-1' };
    const deps = {
      stores,
      installationId: INSTALLATION,
      proofs: held.proofs(stores, recorded),
      principals: {
        lastOf: (uid: string) => recorded[uid],
        holdersOf: (id: string) => (id === 'principal-1' ? [older.metadata.uid] : []),
      },
      identityCache: held,
    } as unknown as ObserveDeps;
    expect(rivalsOf(mine, resolution.target, deps)).toMatchObject([
      { key: 'shop/older', lastShown: 'principal-1' },
    ]);
  },
);
