import { beforeEach, expect, it } from 'vitest';
import type { RoleGrantSpec } from '../../../api/role-grant.ts';
import type { ReconcileContext } from '../../kind.ts';
import { HeldIdentities, noSystemProofs } from '../../proof/proofs.fixture.ts';
import { emptyStores, meta, put } from '../../stores.fixture.ts';
import type { RoleGrant } from '../facts.ts';
import { isUndetermined, type UndeterminedDeps } from './may-ask-for.ts';

/** What a grant asks for cannot be told while what it refers to has yet to come, or to come back. */

let stores: ReturnType<typeof emptyStores>;
let awaited: boolean;
let deps: UndeterminedDeps;
beforeEach(() => {
  stores = emptyStores();
  awaited = true;
  deps = {
    stores,
    proofs: new HeldIdentities().proofs(stores),
    systemProofs: noSystemProofs,
    references: { isAwaited: () => awaited },
    roles: { byName: async () => ({ found: 'none' }), byId: async () => ({ found: 'none' }) },
  };
});

const by = (principal: RoleGrantSpec['principal']) =>
  ({
    metadata: meta('read'),
    spec: { principal, role: { name: 'Reader' }, scope: '/' },
  }) as unknown as RoleGrant;
const undetermined = (principal: RoleGrantSpec['principal']) =>
  isUndetermined(by(principal), {} as ReconcileContext, deps);
const own = { identityRef: { kind: 'SystemAssignedIdentity', name: 'own' } } as const;

it.each([
  ['UserAssignedIdentity', { identityRef: { name: 'app' } }],
  ['SystemAssignedIdentity', own],
])('a %s that is not there is waited for as long as a reference is', async (_, principal) => {
  expect(await undetermined(principal)).toBe(true);
  awaited = false;
  expect(await undetermined(principal)).toBe(false);
});

it('a UserAssignedIdentity that came back is known once its own reconcile has found where its identity is', async () => {
  const app = { identityRef: { name: 'app' } };
  const proofs = new HeldIdentities().proofs(stores);
  deps = { ...deps, proofs };
  put(stores.identities, { metadata: meta('app'), spec: {} });
  expect(await undetermined(app)).toBe(true);
  awaited = false;
  expect(await undetermined(app)).toBe(false);
  awaited = true;
  const [identity] = stores.identities.values();
  if (identity) proofs.searched(identity, true);
  expect(await undetermined(app)).toBe(false);
  put(stores.identities, {
    metadata: meta('app', { uid: 'uid-going', deletionTimestamp: '2026-11-23T10:00:00Z' }),
    spec: {},
  });
  expect(await undetermined(app)).toBe(false);
});

it('a SystemAssignedIdentity that came back is known once the ledger of its resource names it', async () => {
  put(stores.systemIdentities, { metadata: meta('own'), spec: { resourceId: '/vm' } });
  expect(await undetermined(own)).toBe(false);
  deps = { ...deps, systemProofs: { ...noSystemProofs, isReturning: () => true } };
  expect(await undetermined(own)).toBe(true);
});
