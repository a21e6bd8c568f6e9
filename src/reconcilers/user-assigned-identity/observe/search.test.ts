import { beforeEach, describe, expect, it } from 'vitest';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import { policyFor } from '../../../policy/evaluate.ts';
import { HeldIdentities, INSTALLATION, identityAt, marksOf } from '../../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import type { ObserveDeps } from './in-azure.ts';
import { type Searched, searchFor } from './search.ts';

const [A, B] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
const idOf = (group: string, subscription = A) =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const coordinates = { subscriptionId: A, resourceGroup: 'rg1', location: 'westeurope', name: 'web' };
const marks = marksOf(meta('web'));
/** Of an object that lived before under the name. */
const earlier = marksOf({ ...meta('web'), uid: 'earlier' });

let held: HeldIdentities;
let used: readonly string[];
/** A list came, and may leave something out. */
const partial = new Set<string>();
/** The first list failed. */
const unlisted = new Set<string>();
beforeEach(() => {
  held = new HeldIdentities();
  used = [];
  partial.clear();
  unlisted.clear();
});

interface Given {
  readonly spec?: UserAssignedIdentity['spec'];
  readonly status?: UserAssignedIdentity['status'];
  readonly recorded?: string;
  readonly deleting?: boolean;
  /** This process saw it as the object's own before. */
  readonly before?: boolean;
  /** Where the policy lets identities be; the first is the default. */
  readonly scopes?: readonly string[];
}

function searched({
  spec = {},
  status,
  recorded,
  deleting = false,
  before = false,
  scopes = [A],
}: Given): Searched {
  const stores = emptyStores();
  const object = {
    metadata: meta('web', deleting ? { deletionTimestamp: '2026-11-23T09:00:00Z' } : {}),
    spec,
    ...(status && { status }),
  } as UserAssignedIdentity;
  put(stores.identities, object);
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  if (scopes.length > 0)
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: {
        namespaces: { names: ['shop'] },
        identities: { scopes: scopes.map((each) => `/subscriptions/${each}`) },
        defaults: { subscriptionId: scopes[0] as string, resourceGroup: 'rg2', location: 'westeurope' },
      },
    });
  const records = recorded === undefined ? {} : { [object.metadata.uid]: recorded };
  const proofs = held.proofs(stores, records);
  if (before) proofs.searched(object as never, true);
  const deps = {
    stores,
    installationId: INSTALLATION,
    proofs,
    principals: { lastOf: () => recorded },
    identityCache: {
      use: (_key: string, areas: readonly string[]) => {
        used = areas;
      },
      observe: (id: string) => held.observe(id),
      byIndex: ((index, query) => held.byIndex(index, query)) as HeldIdentities['byIndex'],
      loading: (area: string) => held.listing.has(area),
      age: (area: string) => (unlisted.has(area) ? undefined : 0),
      completeness: (area: string) =>
        partial.has(area) || unlisted.has(area)
          ? { state: 'partial', reason: 'rights' }
          : { state: 'complete', at: 0 },
    },
  } as unknown as ObserveDeps;
  return searchFor(object, policyFor(object, stores), deps);
}

const inAzure = (...identities: readonly AzureIdentity[]) => {
  for (const each of identities) held.put(each);
};

describe('nothing is searched for', () => {
  it.each<[string, Given]>([
    ['where the spec says all of it', { spec: { subscriptionId: A, resourceGroup: 'rg1' }, recorded: 'p1' }],
    ['where Azure shows it', { status: { coordinates }, recorded: 'p1' }],
    ['where Azure shows it and the status was lost', { recorded: 'p1' }],
  ])('%s', (_, given) => {
    inAzure(identityAt(idOf('rg1'), 'p1', marks));
    held.listing.add(A);
    expect(searched(given).search).toBeUndefined();
    expect(used).toEqual([]);
  });

  it('where Azure shows the recorded principal without its marks: they are put back', () => {
    inAzure(identityAt(idOf('rg1'), 'p1'));
    expect(searched({ recorded: 'p1' })).toEqual({ subscriptions: [A], over: true });
  });

  it.each<[string, Given]>([
    ['new', {}],
    ['that had one there', { status: { coordinates }, recorded: 'p1' }],
  ])('for an object %s that may not have an identity there', (_, given) => {
    expect(searched({ ...given, scopes: [] })).toEqual({ subscriptions: [] });
    expect(used).toEqual([]);
  });
});

describe('the first list is waited for', () => {
  it.each<[string, Given]>([
    ['before a new one is made', {}],
    ['before one is made again', { status: { coordinates }, recorded: 'p1' }],
    ['after the status was lost', { recorded: 'p1' }],
    ['by a deletion', { status: { coordinates }, recorded: 'p1', deleting: true }],
  ])('%s', (_, given) => {
    held.listing.add(A);
    expect(searched(given)).toMatchObject({ search: { state: 'loading', subscriptionId: A }, over: false });
    expect(used).toEqual([A]);
    held.listing.clear();
    if (given.status || !given.recorded) expect(searched(given).search).toBeUndefined();
  });

  it('of each subscription that any policy names, for one on record, and of no other for a new one', () => {
    searched({ recorded: 'p1', scopes: [B, A] });
    expect(used).toEqual([B, A]);
    searched({ scopes: [B, A] });
    expect(used).toEqual([B]);
  });

  it('of none that only the status of a new one names, if its namespace may have nothing there', () => {
    searched({ status: { id: idOf('rg1', B) } });
    expect(used).toEqual([A]);
    searched({ status: { id: idOf('rg1', B) }, scopes: [A, B] });
    expect(used).toEqual([A, B]);
  });

  it('of the subscription of the spec alone, as it can be in no other', () => {
    searched({ spec: { subscriptionId: A }, recorded: 'p1', scopes: [B, A] });
    expect(used).toEqual([A]);
  });
});

describe('a list that failed has shown nothing, so what it would show is waited for', () => {
  it.each<[string, Given]>([
    ['before one is made again', { status: { coordinates }, recorded: 'p1' }],
    ['after the status was lost', { recorded: 'p1' }],
    ['by a deletion', { status: { coordinates }, recorded: 'p1', deleting: true }],
    ['by a deletion of what has no record', { deleting: true }],
  ])('%s', (_, given) => {
    unlisted.add(A);
    const { search, over } = searched(given);
    expect(search).toMatchObject({ state: 'incomplete', subscriptionId: A, because: 'rights' });
    expect(over).toBe(false);
  });

  it('but not before a new one is made, of which it could show nothing: its own calls show what is wrong with Azure', () => {
    unlisted.add(A);
    expect(searched({})).toEqual({ subscriptions: [A], over: true });
  });

  it('but not for what this process saw at the place that is remembered', () => {
    unlisted.add(A);
    expect(searched({ status: { coordinates }, recorded: 'p1', before: true, deleting: true })).toMatchObject(
      {
        over: true,
      },
    );
  });
});

describe('a status names a place where the marks are on another principal than the recorded one', () => {
  const given: Given = { status: { coordinates }, recorded: 'p1' };
  beforeEach(() => held.put(identityAt(idOf('rg1'), 'p2', marks), { how: 'get' }));

  it.each([
    ['failed', unlisted],
    ['may leave the recorded one out', partial],
  ])('while a list %s it may be a copy, which nothing is given and no deletion takes', (_, lists) => {
    lists.add(A);
    for (const deleting of [false, true])
      expect(searched({ ...given, deleting })).toMatchObject({
        search: { state: 'incomplete' },
        over: false,
      });
  });

  it('once the lists are complete it was made again there', () => {
    expect(searched(given)).toEqual({ subscriptions: [A], over: true });
  });
});

describe('nothing is where the status says, and azid has rights at groups alone', () => {
  beforeEach(() => void partial.add(A));
  const given: Given = { status: { coordinates }, recorded: 'p1' };

  it('it is made again, and what has its marks there then is a copy as long as no list was complete', () => {
    expect(searched(given)).toEqual({ subscriptions: [A], over: false });
  });

  it('a deletion reports what it may leave', () => {
    expect(searched({ ...given, deleting: true }).search).toMatchObject({
      state: 'incomplete',
      principalId: 'p1',
    });
  });
});

describe('with its principal on record and its place lost', () => {
  it('a list that may leave it out is no proof', () => {
    partial.add(B);
    const { search, over } = searched({ recorded: 'p1', scopes: [A, B] });
    expect(search).toEqual({ state: 'incomplete', subscriptionId: B, principalId: 'p1', because: 'rights' });
    expect(over).toBe(false);
  });

  it('it is not found, unless the spec says in which subscription it would be: then it is gone', () => {
    const { search } = searched({ recorded: 'p1', scopes: [A, B] });
    expect(search).toEqual({ state: 'notFound', principalId: 'p1', subscriptions: [A, B] });
    expect(searched({ spec: { subscriptionId: A }, recorded: 'p1' }).search).toBeUndefined();
  });

  it('a copy does not count', () => {
    inAzure(identityAt(idOf('rg2'), 'p2', marks));
    expect(searched({ recorded: 'p1' }).search).toMatchObject({ state: 'notFound' });
  });
});

describe('without a record', () => {
  it('of two that have the marks of the object, or of a namesake, neither is taken', () => {
    inAzure(identityAt(idOf('rg1'), 'p1', earlier));
    expect(searched({}).search).toBeUndefined();
    inAzure(identityAt(idOf('rg2'), 'p2', earlier));
    expect(searched({}).search).toMatchObject({ state: 'ambiguous', ids: [idOf('rg1'), idOf('rg2')] });
    inAzure(identityAt(idOf('rg3'), 'p3', marks));
    expect(searched({}).search).toBeUndefined();
    inAzure(identityAt(idOf('rg4'), 'p4', marks));
    expect(searched({}).search).toMatchObject({ state: 'ambiguous', ids: [idOf('rg3'), idOf('rg4')] });
  });
});
