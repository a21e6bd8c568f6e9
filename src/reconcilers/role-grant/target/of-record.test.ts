import { expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { HeldIdentities, identityAt } from '../../proof/proofs.fixture.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { type MayAskForDeps, mayAskFor } from './may-ask-for.ts';

const A = '00000000-0000-4000-8000-00000000000a';
const SCOPE = `/subscriptions/${A}`;
const ID = `${SCOPE}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;

// What an assignment of the grant's ledger is judged by before it is taken away (`wasGiven`), and whose claim keeps it.
it.each([
  ['says where it is', 'rg1'],
  ['was altered while no azid ran', 'rg9'],
])(
  'a grant may ask for the principal of its identity while the marks are stripped and the status %s',
  (_, group) => {
    const stores = emptyStores();
    const place = { subscriptionId: A, location: 'westeurope', name: 'web' };
    const identity = {
      metadata: meta('web'),
      spec: { suspend: true }, // its place is a policy's default
      status: { coordinates: { ...place, resourceGroup: group } },
    } as unknown as UserAssignedIdentity;
    put(stores.identities, identity);
    const held = new HeldIdentities();
    held.put(identityAt(ID, 'principal-1', {}));
    const grant = {
      metadata: meta('reader'),
      spec: { scope: SCOPE, role: { name: 'Reader' }, principal: { identityRef: { name: 'web' } } },
    } as unknown as RoleGrant;
    const deps = {
      stores,
      proofs: held.proofs(stores, { [identity.metadata.uid]: 'principal-1' }),
      systemProofs: {
        known: () => undefined,
        hasPrincipal: () => false,
        ofPrincipal: () => [],
        isPrincipalOf: () => false,
      },
      roles: { held: () => [] },
      firstSeen: new Map(),
    } as unknown as MayAskForDeps;
    expect(mayAskFor(grant, { scope: SCOPE, principalId: 'principal-1' }, deps)).toBe(true);
  },
);
