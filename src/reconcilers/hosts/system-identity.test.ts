import { beforeEach, describe, expect, it } from 'vitest';
import type { LedgerOwner } from '../../api/host-identity.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import { MAX_OWNERS } from './ledger/lines.ts';
import { holdersOf, lineOf, othersOf } from './system-identity.ts';

const GROUP = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg1';
const VM = `${GROUP}/providers/Microsoft.Compute/virtualMachines/vm1`;

let stores: ReturnType<typeof emptyStores>;
beforeEach(() => {
  stores = emptyStores();
  for (const name of ['shop', 'other', 'stranger']) put(stores.namespaces, { metadata: clusterMeta(name) });
  put(stores.policies, {
    metadata: clusterMeta('teams'),
    spec: { namespaces: { names: ['shop', 'other'] }, systemAssigned: [{ types: ['*'], scopes: [GROUP] }] },
  });
});

function identity(
  namespace: string,
  spec: Partial<SystemAssignedIdentity['spec']> = {},
  metadata: Partial<ObjectMeta> = {},
): SystemAssignedIdentity {
  const object = {
    metadata: meta('vm1', { namespace, uid: `uid-${namespace}`, ...metadata }),
    spec: { resourceId: VM, ...spec },
  };
  put(stores.systemIdentities, object);
  return object as unknown as SystemAssignedIdentity;
}
const owner = (namespace: string, more: Partial<LedgerOwner> = {}): LedgerOwner => ({
  kind: 'SystemAssignedIdentity',
  namespace,
  name: 'vm1',
  uid: `uid-${namespace}`,
  ...more,
});
const line = (owners: readonly LedgerOwner[]) => ({
  principalId: 'p',
  state: 'Attached' as const,
  owned: true,
  owners: [...owners],
  credential: 'azid',
  since: '2026-11-23T09:00:00Z',
});
const going = { deletionTimestamp: '2026-11-23T09:59:00Z' };
const crowd = Array.from({ length: MAX_OWNERS }, (_, n) =>
  owner('other', { name: `vm-${n}`, uid: `u-${n}` }),
);
const lineFor = (owners: readonly LedgerOwner[], object: SystemAssignedIdentity) =>
  lineOf({ status: { systemAssigned: line(owners) } }, object, stores);

describe('the ledger of a resource’s own identity', () => {
  it('is about whom it names, whatever a policy says', () => {
    expect(lineFor([owner('stranger')], identity('stranger'))).toMatchObject({ unnamed: false });
    expect(lineFor([owner('stranger')], identity('stranger', {}, going))).toMatchObject({ unnamed: false });
  });

  it('is about nobody else, unless it is full and a policy allows the object to be named', () => {
    expect(lineFor([owner('other')], identity('shop'))).toBeUndefined();
    expect(lineFor(crowd, identity('shop'))).toMatchObject({ unnamed: true });
    expect(lineFor(crowd, identity('stranger'))).toBeUndefined();
    expect(lineFor(crowd, identity('shop', { resourceId: 'nonsense' }))).toBeUndefined();
  });

  it('and about nobody else who goes', () => {
    expect(lineFor(crowd, identity('shop', {}, going))).toBeUndefined();
  });
});

describe('the ledgers that name an object', () => {
  const MOVED = `${VM}-moved`;
  const holding = (resourceId: string, owners: readonly LedgerOwner[]) =>
    put(stores.hosts, {
      metadata: clusterMeta(resourceId.split('/').at(-1) ?? ''),
      spec: { resourceId },
      status: { systemAssigned: line(owners) },
    });
  const found = () => holdersOf(identity('shop'), stores).map(({ spec }) => spec.resourceId);

  it('are that of the resource, and that of one that was moved from there', () => {
    holding(MOVED, [owner('shop')]);
    expect(found()).toEqual([MOVED]);
    holding(VM, [owner('shop'), owner('other')]);
    expect(found()).toEqual([VM, MOVED]);
  });

  it('and none that names others, or the object for another identity', () => {
    holding(VM, [owner('other')]);
    put(stores.hosts, {
      metadata: clusterMeta('attached'),
      spec: { resourceId: MOVED },
      status: { entries: [{ ...line([owner('shop')]), identityId: 'i' }], systemAssigned: line([]) },
    });
    expect(found()).toEqual([]);
  });
});

describe('who else has it, when one goes', () => {
  const others = (...owners: LedgerOwner[]) => {
    const object = identity('shop', { deletionPolicy: 'Delete' }, going);
    return othersOf(line([owner('shop'), ...owners]), object, stores);
  };

  it('an object that is not being deleted keeps it', () => {
    identity('other');
    expect(others(owner('other')).releasing).toEqual(['uid-shop']);
  });

  it('also one that names the resource by the id that it had before it was moved', () => {
    identity('other', { resourceId: `${VM}-before` });
    expect(others(owner('other')).releasing).toEqual(['uid-shop']);
  });

  it('and one that goes with Retain, or went with it', () => {
    identity('other', {}, going);
    expect(others(owner('other')).releasing).toEqual(['uid-shop']);
    expect(others(owner('gone', { retain: true })).releasing).toEqual(['uid-shop']);
  });

  it('but not one that goes with Delete, or went with it, or whose namesake came since', () => {
    identity('other', { deletionPolicy: 'Delete' }, going);
    expect(others(owner('other')).releasing).toEqual(['uid-shop', 'uid-other']);
    expect(others(owner('gone')).releasing).toEqual(['uid-shop', 'uid-gone']);
    expect(others(owner('other', { uid: 'before' })).releasing).toEqual(['uid-shop', 'before']);
  });

  it('one that the ledger does not name wants it where the resource is now', () => {
    const object = identity('shop', { deletionPolicy: 'Delete', resourceId: `${VM}-before` }, going);
    identity('other');
    expect(othersOf(line([owner('shop')]), object, stores, VM).wanted).toBe(true);
    expect(othersOf(line([owner('shop')]), object, stores).wanted).toBe(false);
  });

  it.each<[string, string, Partial<SystemAssignedIdentity['spec']>, Partial<ObjectMeta>, boolean]>([
    ['allowed', 'other', {}, {}, true],
    ['denied', 'stranger', {}, {}, false],
    ['in a namespace that was not seen yet', 'new', {}, {}, true],
    ['suspended', 'other', { suspend: true }, {}, false],
    ['going', 'other', {}, going, false],
  ])('one that the ledger does not name wants it: %s', (_, namespace, spec, metadata, wanted) => {
    identity(namespace, spec, metadata);
    expect(others().wanted).toBe(wanted);
  });
});
