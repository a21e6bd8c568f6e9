import { beforeEach, describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { silentLog } from '../../runtime/log.ts';
import type { ReconcileContext } from '../kind.ts';
import { emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import type { IdentityProofs } from './identity-proofs.ts';
import { HeldIdentities, identityAt, marksOf } from './proofs.fixture.ts';

const SUB = '00000000-0000-4000-8000-00000000000a';
const WEB = `/subscriptions/${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const marks = marksOf(meta('web'));
const own = identityAt(WEB, 'p1', marks);
const strange = identityAt(WEB, 'p2');
const context: ReconcileContext = {
  key: 'shop/read',
  priority: 'event',
  attempt: 1,
  reconcileId: 'r1',
  log: silentLog,
  signal: new AbortController().signal,
  startedAt: 0,
  patienceMs: 1_000,
};
const resync: ReconcileContext = { ...context, priority: 'resync' };

let stores: Stores;
let held: HeldIdentities;
let proofs: IdentityProofs;
beforeEach(() => {
  stores = emptyStores();
  held = new HeldIdentities();
  proofs = held.proofs(stores);
  put(stores.identities, { metadata: meta('web'), spec: {}, status: { id: WEB, principalId: 'forged' } });
});
const prove = (live = false, by = context) => proofs.prove('shop/web', by, live);

function objectOf(name: string): UserAssignedIdentity {
  const object = stores.identities.get(`shop/${name}`);
  if (!object) throw new Error(`expected shop/${name} to be there`);
  return object;
}

describe('who has which principal', () => {
  it('follows from the cache alone where nothing is to be written', async () => {
    held.put(own);
    expect(await prove()).toEqual({
      state: 'owned',
      id: WEB,
      principalId: 'p1',
      live: false,
      deleting: false,
    });
    expect(held.read).toEqual([]);
  });

  it('is read from Azure before a write, unless Azure said so a moment ago', async () => {
    held.put(own);
    expect(await prove(true)).toMatchObject({ principalId: 'p1', live: true });
    held.put(own, { how: 'write', ageMs: 29_000 });
    expect(await prove(true)).toMatchObject({ principalId: 'p1', live: true });
    expect(held.read).toEqual([WEB]);
  });

  it('is nobody’s as soon as the read before a write shows a stranger’s, whatever the cache holds', async () => {
    held.put(own);
    held.inAzure(WEB, strange);
    expect(await prove(true)).toMatchObject({
      state: 'waiting',
      why: `is not the owner of identity ${WEB}, going by its tags`,
    });
  });

  it('is the recycled one’s that the read before a write shows with the marks', async () => {
    held.put(own);
    held.inAzure(WEB, identityAt(WEB, 'p9', marks));
    expect(await prove(true)).toMatchObject({ state: 'owned', principalId: 'p9' });
  });

  it('is read once for all who ask at the same time', async () => {
    held.inAzure(WEB, own);
    await Promise.all(Array.from({ length: 20 }, () => prove()));
    expect(held.read).toEqual([WEB]);
  });

  it('is what azid wrote a moment ago, though Azure does not show it yet', async () => {
    held.put(own, { how: 'write', ageMs: 60_000 });
    held.inAzure(WEB, undefined);
    expect(await prove(true)).toMatchObject({ state: 'owned', principalId: 'p1' });
  });

  it('is not known where Azure cannot be read', async () => {
    held.inAzure(WEB, new AzureError({ status: 403, code: 'AuthorizationFailed', message: 'no' }));
    expect(await prove()).toMatchObject({ state: 'unreadable', failure: { reason: 'AuthorizationFailed' } });
  });
});

describe('at start-up', () => {
  it('a list that is under way, or about to begin, is waited for, unless somebody waits for the object', async () => {
    held.inAzure(WEB, own);
    expect(await prove(false, resync)).toEqual({ state: 'loading', subscriptionId: SUB });
    proofs.meet('uid-web');
    held.listing.add(SUB);
    expect(await prove(false, resync)).toEqual({ state: 'loading', subscriptionId: SUB });
    expect(held.read).toEqual([]);
    expect(await prove()).toMatchObject({ state: 'owned' });
    held.listing.clear();
    expect(await prove(false, resync)).toMatchObject({ state: 'owned' });
    expect(held.read).toEqual([WEB, WEB]);
  });
});

it('an identity that a PUT met by mistake is nobody’s until it is taken over on purpose', async () => {
  held.put(own);
  proofs.dispute('uid-web', 'p1');
  expect(await prove()).toMatchObject({ state: 'waiting' });
  proofs.settle('uid-web');
  expect(await prove()).toMatchObject({ state: 'owned' });
});

it('says whether any identity has a principal, in any case of its letters', () => {
  held.put(own);
  expect(proofs.hasPrincipal('P1')).toBe(true);
  expect(proofs.hasPrincipal('p2')).toBe(false);
});

describe('what has the marks on another principal than the recorded one', () => {
  it('is nobody’s yet: a grant keeps what it has until the recorded one was searched for', async () => {
    proofs = held.proofs(stores, { 'uid-web': 'p1' });
    held.put(identityAt(WEB, 'p9', marks));
    expect(await prove()).toEqual({
      state: 'waiting',
      why: 'has yet to find out whether what has its tags is a copy',
      returns: true,
      undecided: true,
    });
    proofs.searched(objectOf('web'), true);
    expect(await prove()).toMatchObject({ state: 'owned', principalId: 'p9' });
    proofs.searched(objectOf('web'), false);
    expect(await prove()).toMatchObject({ state: 'waiting' });
  });
});

it('of an object whose status says nothing, where its identity is is open until its own reconcile has searched', async () => {
  put(stores.identities, { metadata: meta('web'), spec: {} } as never);
  expect(await prove()).toMatchObject({ state: 'waiting', undecided: true });
  proofs.searched(objectOf('web'), true);
  expect(await prove()).not.toHaveProperty('undecided');
});

describe('what is decided by the object’s own reconcile, while Azure shows the same,', () => {
  const told = (change: () => void): string[] => {
    const keys: string[] = [];
    using _ = proofs.decided.onChange((each) => void keys.push(...each));
    change();
    return keys;
  };

  it('is emitted: for a copy, once the recorded one was searched for, and each time it is open again', () => {
    proofs = held.proofs(stores, { 'uid-web': 'p1' });
    held.put(identityAt(WEB, 'p9', marks));
    const web = objectOf('web');
    expect(told(() => proofs.searched(web, true))).toEqual(['shop/web']);
    expect(told(() => proofs.searched(web, true))).toEqual([]);
    expect(told(() => proofs.searched(web, false))).toEqual(['shop/web']);
  });

  it('and of one that is nowhere, once it was searched for', () => {
    put(stores.identities, { metadata: meta('web'), spec: {} } as never);
    expect(told(() => proofs.searched(objectOf('web'), true))).toEqual(['shop/web']);
  });

  it('but not of one that is its own whether it was searched for or not', () => {
    held.put(own);
    expect(told(() => proofs.searched(objectOf('web'), true))).toEqual([]);
  });
});
