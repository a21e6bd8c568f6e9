import { beforeEach, describe, expect, it } from 'vitest';
import type { RoleGrant } from '../../api/role-grant.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import { assignmentName } from '../../azure/names/assignment-name.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { AssignmentGet } from '../../azure/role-assignments.ts';
import type { AzureRoleDefinition } from '../../azure/role-definitions.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { Elapsed } from '../../runtime/time/elapsed.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import type { ReconcileContext } from '../kind.ts';
import { MissingReferences } from '../proof/missing-references.ts';
import { awaitingAll, HeldIdentities, identityAt, marksOf, noSystemProofs } from '../proof/proofs.fixture.ts';
import { clusterMeta, emptyStores, meta, put } from '../stores.fixture.ts';
import type { Stores } from '../stores.ts';
import { HANDOVER_MS } from './facts.ts';
import { type ObserveDeps, observe } from './observe.ts';

/** What is asked at an end, and who then counts as one that may have the assignment for longer. */

const GROUP = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg1';
const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
const reader: AzureRoleDefinition = {
  id: '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
  guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  roleName: 'Reader',
  type: 'BuiltInRole',
  permissions: [],
  assignableScopes: ['/'],
};
const NAME = assignmentName(INSTALLATION, { scope: GROUP, role: reader.guid, principalId: PRINCIPAL });
const ID = assignmentId(GROUP, NAME);
const MINUTE = 60_000;
const context = { signal: new AbortController().signal } as ReconcileContext;

let clock: FakeClock;
let stores: Stores;
let calls: string[];
let answer: AssignmentGet;
let observed: ReturnType<ObserveDeps['assignmentCache']['observe']>['state'];
const deps = (): ObserveDeps => ({
  stores,
  proofs: new HeldIdentities().proofs(stores),
  systemProofs: noSystemProofs,
  references: awaitingAll,
  clock,
  elapsed: new Elapsed(clock),
  installationId: INSTALLATION,
  roles: {
    byName: async () => ({ found: 'one', role: reader }),
    byId: async () => ({ found: 'one', role: reader }),
  },
  assignments: {
    async get(scope, name) {
      calls.push(`GET ${assignmentId(scope, name)}`);
      return answer;
    },
  },
  assignmentCache: {
    observe: () => ({ state: observed }) as ReturnType<ObserveDeps['assignmentCache']['observe']>,
  },
  azureLagMs: 2 * MINUTE,
  callLimitMs: MINUTE,
});

const iso = (ms: number) => new Date(clock.now() + ms).toISOString();
const owner = (name: string, endsInMs?: number, uid = `uid-${name}`) => ({
  namespace: 'shop',
  name,
  uid,
  ...(endsInMs !== undefined && { expiresAt: iso(endsInMs) }),
});
const record = (...owners: ReturnType<typeof owner>[]) => ({
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'AssignmentExpiry',
  metadata: meta(NAME, { namespace: 'azid-system' }),
  spec: { assignmentId: ID, owners },
});
const declare = (
  name: string,
  spec: Partial<RoleGrant['spec']> = {},
  metadata: Partial<ObjectMeta> = {},
  status: RoleGrant['status'] = {},
) =>
  put(stores.grants, {
    metadata: meta(name, { creationTimestamp: iso(0), ...metadata }),
    spec: {
      principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
      role: { name: 'Reader' },
      scope: GROUP,
      ...spec,
    },
    status,
  });
const allow = (maxDuration?: string) =>
  put(stores.policies, {
    metadata: clusterMeta('shop'),
    spec: {
      namespaces: { names: ['shop'] },
      grants: [
        {
          roles: ['Reader'],
          scopes: [GROUP],
          principals: { ids: [PRINCIPAL] },
          ...(maxDuration !== undefined && { maxDuration }),
        },
      ],
    },
  });

beforeEach(() => {
  clock = new FakeClock(Date.parse('2026-11-23T10:00:00Z'));
  stores = emptyStores();
  calls = [];
  observed = 'present';
  put(stores.namespaces, { metadata: clusterMeta('shop') });
  const assignment = {
    id: ID,
    key: armKey(ID),
    name: NAME,
    scope: GROUP,
    roleDefinitionId: reader.id,
    roleGuid: reader.guid,
    principalId: PRINCIPAL,
    principalType: 'ServicePrincipal',
  };
  answer = { found: true, assignment, requestedAt: 0 };
});

it('asks Azure nothing before the latest end, and once after it', async () => {
  await observe(record(owner('read', 1)), context, deps());
  await observe(record(owner('read', -1), owner('also', 1)), context, deps());
  await observe(record(owner('read', -1), owner('also')), context, deps());
  expect(calls).toEqual([]);
  const facts = await observe(record(owner('read', 0)), context, deps());
  expect(calls).toEqual([`GET ${ID}`]);
  expect(facts.azure?.state).toBe('present');
});

describe('an owner that lives', () => {
  it('has a while to see to it; an answer of Azure is not needed meanwhile', async () => {
    declare('read', {}, {}, { ledger: [ID] });
    declare('also');
    const ended = (ms: number) => observe(record(owner('read', -ms), owner('also', -ms)), context, deps());
    expect(await ended(1)).toMatchObject({
      living: ['RoleGrant shop/read', 'RoleGrant shop/also'],
      showing: ['RoleGrant shop/read'],
    });
    expect(calls).toEqual([]);
    await ended(HANDOVER_MS);
    expect(calls).toHaveLength(1);
  });

  it('counts for nothing by its name alone', async () => {
    declare('read', {}, { uid: 'another' }, { ledger: [ID] });
    expect(await observe(record(owner('read', -1)), context, deps())).toMatchObject({
      living: [],
      showing: [],
    });
    expect(calls).toHaveLength(1);
  });
});

describe('may have it for longer', () => {
  const claims = async () => (await observe(record(owner('gone', -1)), context, deps())).claims;

  it('whom a policy allows just that now, suspended or not, by an end to come or none', async () => {
    allow();
    declare('always');
    declare('later', { expiresAt: iso(MINUTE), suspend: true });
    expect((await claims()).toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      { key: 'shop/always' },
      { key: 'shop/later', endsAt: clock.now() + MINUTE },
    ]);
  });

  const rows: [string, () => void][] = [
    ['without a policy', () => declare('read', {}, {}, { ledger: [ID], assignmentId: ID })],
    [
      'for longer than a policy allows, whatever its status says',
      () => {
        allow('1h');
        declare('read', { expiresAt: '2099-01-01T00:00:00Z' }, {}, { ledger: [ID], assignmentId: ID });
        declare('also');
      },
    ],
    [
      'that has ended by its spec',
      () => {
        allow();
        declare('read', { expiresAt: iso(0) });
      },
    ],
    [
      'that is being deleted',
      () => {
        allow();
        declare('read', {}, { deletionTimestamp: iso(0) });
      },
    ],
    [
      'that asks for another scope by now',
      () => {
        allow();
        declare(
          'read',
          { scope: `${GROUP}/providers/Microsoft.Storage/storageAccounts/a` },
          {},
          { ledger: [ID] },
        );
      },
    ],
    [
      'in a namespace that was not seen',
      () => {
        allow();
        declare('read', {}, { namespace: 'unseen' });
      },
    ],
  ];
  it.each(rows)('no grant %s', async (_, given) => {
    given();
    expect(await claims()).toEqual([]);
  });

  it('is not known while the namespace of one that may ask for it was not seen', async () => {
    allow();
    const loading = async () => (await observe(record(owner('gone', -1)), context, deps())).loading;
    declare('other-role', { role: { id: 'b24988ac-6180-42a0-ab88-20f7382dd24c' } }, { namespace: 'unseen' });
    declare('ended', { expiresAt: iso(0) }, { namespace: 'unseen' });
    expect(await loading()).toBeUndefined();
    declare('read', {}, { namespace: 'unseen' });
    expect(await loading()).toBe('namespace unseen');
  });

  it('is not known for a time while what somebody asks for is marked for an object that is not there', async () => {
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: { namespaces: { names: ['shop'] }, grants: [{ roles: ['Reader'], scopes: [GROUP] }] },
    });
    stores.identities.take({ type: 'replace', objects: [], resourceVersion: '1', rewound: false });
    declare('read', { principal: { identityRef: { name: 'web' } } });
    const held = new HeldIdentities();
    const id = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
    const references = new MissingReferences({ clock, releaseAfterMs: MINUTE });
    const told = async (owner: string) => {
      held.put(identityAt(id, PRINCIPAL, marksOf({ namespace: 'shop', name: owner, uid: 'uid-before' })));
      const given = { ...deps(), proofs: held.proofs(stores), references };
      return (await observe(record(goneOwner), context, given)).loading;
    };
    const goneOwner = owner('gone', -1);
    expect(await told('mail')).toBeUndefined();
    expect(await told('web')).toContain('UserAssignedIdentity shop/web');
    // It came back, and does not say yet which identity is its.
    put(stores.identities, { metadata: meta('web', { uid: 'uid-anew' }), spec: {} });
    expect(await told('web')).toContain('UserAssignedIdentity shop/web');
    clock.advance(MINUTE);
    expect(await told('web')).toBeUndefined();
  });

  it('lets a write of a process that died end first', async () => {
    const { openMs } = await observe(record(owner('gone', 1)), context, deps());
    expect(openMs).toBe(3 * MINUTE);
  });

  it('is not known while the identity that somebody asks for is not read, or not listed yet', async () => {
    put(stores.policies, {
      metadata: clusterMeta('shop'),
      spec: { namespaces: { names: ['shop'] }, grants: [{ roles: ['Reader'], scopes: [GROUP] }] },
    });
    declare('read', { principal: { identityRef: { name: 'web' } } }, {}, { principalId: PRINCIPAL });
    const proving = async (proof: Awaited<ReturnType<ObserveDeps['proofs']['prove']>>) => {
      const proofs = {
        observe: () => ({ state: 'none' }) as const,
        known: () => undefined,
        prove: async () => proof,
        withPrincipal: () => [],
        mayHave: () => new Set<string>(),
        hasPrincipal: () => false,
        wasSearched: () => false,
        namesOwner: () => undefined,
        ownersNamed: () => [],
        isPrincipalOf: () => false,
      };
      return observe(record(owner('gone', -1)), context, { ...deps(), proofs });
    };
    const unread = {
      kind: 'transient',
      reason: 'AzureUnavailable',
      message: '',
      ambiguous: false,
      error: undefined,
    } as const;
    expect((await proving({ state: 'unreadable', failure: unread })).unclear).toBe(unread);
    expect((await proving({ state: 'loading', subscriptionId: 's' })).loading).toContain('subscription s');
    const told = await proving({ state: 'waiting', why: 'does not exist' });
    expect([told.unclear, told.loading]).toEqual([undefined, undefined]);
  });

  it('is not known while Azure does not show the role', async () => {
    allow();
    declare('read');
    // What is asked for elsewhere has no say here.
    declare('elsewhere', { scope: '/subscriptions/11111111-2222-4333-8444-555555555555' });
    const failing = { ...deps(), roles: { ...deps().roles, byName: () => Promise.reject(unreadable()) } };
    expect(await observe(record(owner('gone', -1)), context, failing)).toMatchObject({
      claims: [],
      unclear: { reason: 'AzureUnavailable' },
    });
    declare('read', { scope: `${GROUP}2` });
    expect((await observe(record(owner('gone', -1)), context, failing)).unclear).toBeUndefined();
  });
});

describe('what Azure does not show', () => {
  const missing = (missing: 'roleAssignment' | 'resource'): AssignmentGet =>
    ({ found: false, missing, requestedAt: 0 }) as AssignmentGet;

  it('is gone when nothing explains it, with its scope or alone', async () => {
    observed = 'absent';
    for (const what of ['roleAssignment', 'resource'] as const) {
      answer = missing(what);
      expect((await observe(record(owner('gone', -1)), context, deps())).azure).toMatchObject({
        state: 'absent',
        conclusive: true,
      });
    }
  });

  it('is not gone while its absence is a suspicion', async () => {
    observed = 'suspectAbsent';
    answer = missing('roleAssignment');
    expect((await observe(record(owner('gone', -1)), context, deps())).azure).toMatchObject({
      state: 'absent',
      conclusive: false,
      conclusiveInMs: 2 * MINUTE,
    });
  });
});

it('says how long a write of a dead process may still show: the time limit of its call, and then Azure’s lag', async () => {
  expect((await observe(record(owner('gone', -1)), context, deps())).openMs).toBe(3 * MINUTE);
});

it('says so when the id is none', async () => {
  const odd = {
    ...record(owner('gone', -1)),
    spec: { assignmentId: '/subscriptions/x', owners: [owner('gone', -1)] },
  };
  expect((await observe(odd, context, deps())).problem).toContain('spec.assignmentId: Expected');
  expect(calls).toEqual([]);
});

function unreadable(): Error {
  return new AzureError({ code: 'ServerError', message: 'no', status: 500 });
}
