import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../orphans/objects.ts';
import {
  INSTALLATION,
  identity,
  NOW,
  PRINCIPAL,
  READER,
  SCOPE,
  shownAssignment,
} from '../../../orphans/sweep.fixture.ts';
import { FakeClock } from '../../../runtime/time/fake-clock.fixture.ts';
import type { Services } from '../../services.ts';
import { clusterMeta, emptyStores, meta, put } from '../../stores.fixture.ts';
import type { Stores } from '../../stores.ts';
import { type ObjectsDeps, objectsOf } from './objects.ts';
import { observationOf } from './observation.ts';

/** What each kind of object says of what stands in Azure, over real stores. */

const { id: ID, key: KEY, clientId } = identity();
const SHOWN = { key: KEY, principalId: PRINCIPAL, clientId };
const ASSIGNMENT = shownAssignment();

function over(fill: (stores: Stores) => void, change: Partial<ObjectsDeps> = {}) {
  const stores = emptyStores();
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  fill(stores);
  return objectsOf({
    stores,
    installationId: INSTALLATION,
    identityCache: { byIndex: () => [] },
    principals: { holdersOf: () => [] },
    assignmentCache: { observe: () => ({ state: 'unknown' }) },
    retained: { of: () => undefined },
    roles: {},
    clock: new FakeClock(NOW),
    ...change,
  } as unknown as ObjectsDeps);
}

const names = (found: readonly ObjectRef[]) => [...new Set(found.map(({ name }) => name))];
const VM = '/subscriptions/a/resourceGroups/b/providers/Microsoft.Compute/virtualMachines/vm';
const uai = (stores: Stores, name: string, more: object = {}) =>
  put(stores.identities, { metadata: meta(name), spec: {}, ...more });
const grant = (stores: Stores, name: string, spec: object, more: object = {}) =>
  put(stores.grants, {
    metadata: meta(name),
    spec: {
      principal: { identityRef: { name: 'x' } },
      role: { id: READER },
      scope: `${SCOPE}/none`,
      ...spec,
    },
    ...more,
  } as never);

describe('an identity is wanted by', () => {
  it('objects of its uid, of its name, and one that has its principal in its status or on record', () => {
    const found = over((stores) => uai(stores, 'web', { status: { principalId: PRINCIPAL.toUpperCase() } }));
    expect(names(found.identitiesOfUid('UID-WEB'))).toEqual(['web']);
    expect(names(found.identitiesOfOwner('shop/web'))).toEqual(['web']);
    expect(names(found.identitiesAt(SHOWN))).toEqual(['web']);
    const recorded = over((stores) => uai(stores, 'api'), { principals: { holdersOf: () => ['UID-API'] } });
    expect(names(recorded.identitiesAt(SHOWN))).toEqual(['api']);
  });

  it('attachments, ledgers of resources, grants by id, and policies that let it be adopted', () => {
    const found = over((stores) => {
      put(stores.attachments, {
        metadata: meta('by-id'),
        spec: { identityId: ID.toUpperCase(), target: { resourceId: VM } },
      } as never);
      put(stores.hosts, {
        metadata: meta('ledger', { namespace: 'azid-system' }),
        spec: { resourceId: VM },
        status: { entries: [{ identityId: ID, owners: [] }] },
      } as never);
      grant(stores, 'by-principal', { principal: { id: PRINCIPAL, type: 'ServicePrincipal' } });
      put(stores.policies, {
        metadata: clusterMeta('adopting'),
        spec: { namespaces: { names: ['shop'] }, adoption: { identityIds: [ID.toUpperCase()] } },
      } as never);
    });
    expect(names(found.referrersOf(SHOWN))).toEqual(['by-id', 'ledger', 'by-principal', 'adopting']);
  });

  it('grants, credentials and attachments that name its object, which may not be there', () => {
    const found = over((stores) => {
      grant(stores, 'grant', { principal: { identityRef: { name: 'web' } } });
      put(stores.credentials, {
        metadata: meta('credential'),
        spec: { identityRef: { name: 'web' } },
      } as never);
      put(stores.attachments, {
        metadata: meta('attachment'),
        spec: { identityRef: { name: 'web' }, target: { resourceId: VM } },
      } as never);
    });
    expect(names(found.referrersByName('shop', 'web'))).toEqual(['grant', 'credential', 'attachment']);
    expect(found.referrersByName('other', 'web')).toEqual([]);
  });
});

describe('an assignment may be that of', () => {
  const of = (fill: (stores: Stores) => void) => names(over(fill).grantsOf(ASSIGNMENT));

  it('a grant with it in its ledger, one that its description names, one that an end is on record for', () => {
    expect(
      of((stores) => grant(stores, 'ledger', {}, { status: { ledger: [ASSIGNMENT.id.toUpperCase()] } })),
    ).toEqual(['ledger']);
    expect(of((stores) => grant(stores, 'read', {}))).toEqual(['read']);
    expect(
      of((stores) => {
        grant(stores, 'ends', {});
        put(stores.expiries, {
          metadata: meta('expiry', { namespace: 'azid-system' }),
          spec: { assignmentId: ASSIGNMENT.id, owners: [{ namespace: 'shop', name: 'ends', uid: 'u' }] },
        } as never);
      }),
    ).toEqual(['ends']);
  });

  it('a grant that asks for the same, and of no other', () => {
    const asking = {
      principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
      scope: SCOPE.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions'),
    };
    expect(of((stores) => grant(stores, 'asks', asking))).toEqual(['asks']);
    const another = {
      ...asking,
      principal: { id: 'bbbbbbbb-0000-4000-8000-000000000001', type: 'ServicePrincipal' },
    };
    expect(of((stores) => grant(stores, 'another', another))).toEqual([]);
  });
});

it('what is being deleted is told', () => {
  const found = over((stores) =>
    put(stores.identities, {
      metadata: meta('web', { deletionTimestamp: '2026-11-29T12:00:00Z' }),
      spec: {},
    }),
  );
  expect(found.identitiesOfOwner('shop/web')).toEqual([
    expect.objectContaining({ name: 'web', deleting: true }),
  ]);
});

it('nothing is concluded from stores that do not show everything yet', () => {
  const stores = emptyStores();
  const deps = {
    stores,
    installationId: INSTALLATION,
    identityCache: { present: () => [] },
    assignmentCache: { present: () => [], byIndex: () => [] },
  } as unknown as Services;
  const seen = () =>
    observationOf(
      {
        now: NOW,
        swept: [],
        objects: over(() => {}),
        self: undefined,
        doubts: [],
        attached: { state: 'read', of: new Map() },
        principalOf: () => ({ state: 'present' }),
        unlisted: new Map(),
        unusedSince: () => undefined,
      },
      deps,
    );
  expect(seen().doubts).toMatchObject([
    { reason: 'StoresNotSynced', message: expect.stringContaining('identities') },
  ]);
});
