import { beforeEach, describe, expect, it } from 'vitest';
import type { HostIdentityStatus, LedgerEntry } from '../api/host-identity.ts';
import type { IdentityAttachmentSpec } from '../api/identity-attachment.ts';
import type { IdentityPolicySpec } from '../api/identity-policy.ts';
import type { RoleGrantSpec } from '../api/role-grant.ts';
import { type AzureRoleAssignment, assignmentId } from '../azure/azure-role-assignment.ts';
import { assignmentName } from '../azure/names/assignment-name.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { AzureRoleDefinition } from '../azure/role-definitions.ts';
import type { ObjectMeta } from '../kube/types.ts';
import { silentLog } from '../runtime/log.ts';
import { Elapsed } from '../runtime/time/elapsed.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import type { HoldDeps as CredentialDeps } from './federated-identity-credential/request.ts';
import { HOSTS_HOLD_MS, type HoldDeps as HostDeps } from './host-identity/holds.ts';
import type { ReconcileContext } from './kind.ts';
import { awaitingAll, HeldIdentities, identityAt, marksOf, noSystemProofs } from './proof/proofs.fixture.ts';
import { type LeftoverDeps, leftoversOf } from './role-grant/holds.ts';
import type { CoOwnerDeps } from './role-grant/ownership/co-owners.ts';
import { GrantedHere } from './role-grant/ownership/owners.ts';
import { clusterMeta, emptyStores, meta, put } from './stores.fixture.ts';
import type { Stores } from './stores.ts';
import { holdersOfAll } from './watches/watches.fixture.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const GROUP = `${SUB}/resourceGroups/rg1`;
const VMS = 'Microsoft.Compute/virtualMachines';
const VM = `${GROUP}/providers/${VMS}/vm`;
const WEB = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
const selector = { subscriptionId: SUB.slice('/subscriptions/'.length), type: VMS, all: true };
const reader: AzureRoleDefinition = {
  id: '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
  guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  roleName: 'Reader',
  type: 'BuiltInRole',
  permissions: [],
  assignableScopes: ['/'],
};
const context: ReconcileContext = {
  key: 'shop/web',
  priority: 'event',
  attempt: 1,
  reconcileId: 'r1',
  log: silentLog,
  signal: new AbortController().signal,
  startedAt: 0,
  patienceMs: 1_000,
};

type Parts = CoOwnerDeps & CredentialDeps & HostDeps & LeftoverDeps & { readonly stores: Stores };

let stores: Stores;
let clock: FakeClock;
let parts: Parts;
beforeEach(() => {
  stores = emptyStores();
  clock = new FakeClock();
  const held = new HeldIdentities();
  held.put(identityAt(WEB, PRINCIPAL, marksOf(meta('web'))));
  parts = {
    stores,
    references: awaitingAll,
    proofs: held.proofs(stores),
    systemProofs: {
      ...noSystemProofs,
      known: (key) =>
        key === 'shop/web'
          ? { state: 'owned', id: VM, principalId: PRINCIPAL, live: true, deleting: true }
          : undefined,
    },
    clock,
    elapsed: new Elapsed(clock),
    firstSeen: new Map(),
    granted: new GrantedHere(),
    installationId: 'b7d8a1f0-0000-4000-8000-000000000001',
    roles: {
      byName: async () => ({ found: 'one', role: reader }),
      byId: async () => ({ found: 'one', role: reader }),
    },
    assignments: {
      async *list() {
        yield { assignments: [], requestedAt: 0 };
      },
    },
    assignmentCache: { byIndex: () => [], believes: async () => true },
    clusterIssuer: { current: async () => ({ state: 'known', issuer: 'https://issuer' }) },
    federationAudience: 'api://AzureADTokenExchange',
  };
  for (const namespace of ['shop', 'other']) put(stores.namespaces, { metadata: clusterMeta(namespace) });
  allow('shop', { attachments: [{ types: ['*'], scopes: [GROUP], selectors: true }] });
  put(stores.identities, {
    metadata: meta('web', { deletionTimestamp: '2026-11-23T10:00:00Z' }),
    spec: {},
    status: { id: WEB, principalId: PRINCIPAL },
  });
});

const allow = (namespace: string, spec: Partial<IdentityPolicySpec>) =>
  put(stores.policies, {
    metadata: clusterMeta(namespace),
    spec: { namespaces: { names: [namespace] }, grants: [{ roles: ['Reader'], scopes: [GROUP] }], ...spec },
  });
const attach = (
  name: string,
  spec: Partial<IdentityAttachmentSpec> = {},
  metadata: Partial<ObjectMeta> = {},
) =>
  put(stores.attachments, {
    metadata: meta(name, metadata),
    spec: {
      ...(spec.identityId === undefined && { identityRef: { name: 'web' } }),
      target: { resourceId: VM },
      ...spec,
    },
  });
const owner = (name: string, namespace = 'shop') => ({
  kind: 'IdentityAttachment' as const,
  namespace,
  name,
  uid: `uid-${name}`,
});
/** A verdict that was found anew a moment ago. */
const soon = () => new Date(clock.now() + 31 * 60_000).toISOString();
const ledger = (change: Partial<LedgerEntry> = {}, status: Partial<HostIdentityStatus> = {}) =>
  put(stores.hosts, {
    metadata: meta('vm', { namespace: 'azid-system' }),
    spec: { resourceId: VM },
    status: {
      entries: [
        {
          identityId: WEB.toUpperCase(),
          state: 'Attached',
          owned: true,
          owners: [],
          credential: 'azid',
          since: '2026-11-23T10:00:00Z',
          ...change,
        },
      ],
      ...status,
    },
  });
const going = { deletionTimestamp: '2026-11-23T10:01:00Z', finalizers: ['azid.dev/finalizer'] };
/** azid's finalizer was taken off, and another one keeps it. */
const finalized = { ...going, finalizers: ['example.com/hold'] };
const references = () => holdersOfAll(parts).of('UserAssignedIdentity', 'shop/web', context);
const DETACHING = `${VM} (being detached)`;

describe('an identity that is to be deleted waits for attachments', () => {
  it('by reference, and of any namespace by ARM id, as far as a policy allows them', async () => {
    allow('other', { attachments: [{ types: [VMS], scopes: [SUB], identities: { ids: [WEB] } }] });
    attach('by-ref');
    attach('fleet', { target: { selector } });
    attach('theirs', { identityId: WEB.toLowerCase() }, { namespace: 'other' });
    attach('of-mail', { identityRef: { name: 'mail' } });
    expect(await references()).toEqual(['IdentityAttachment other/theirs', 'IdentityAttachment shop/by-ref']);
    // A selector over the whole subscription is more than the group: it counts where it has taken hold.
    ledger({ owners: [owner('fleet')] });
    expect(await references()).toContain('IdentityAttachment shop/fleet');
  });

  it.each<[string, () => void]>([
    ['are going themselves', () => attach('a', {}, going)],
    ['no policy allows', () => attach('a', { target: { resourceId: VM.replace('rg1', 'rg2') } })],
    ['name no resource', () => attach('a', { target: { resourceId: `${SUB}/providers/${VMS}/vm` } })],
    [
      'select where their policy has no selectors',
      () => {
        allow('shop', { attachments: [{ types: ['*'], scopes: [SUB] }] });
        attach('a', { target: { selector } });
      },
    ],
    [
      'name it by an id that their policy does not',
      () => attach('a', { identityId: WEB }, { namespace: 'other' }),
    ],
    [
      'select freely, but not this identity',
      () => {
        allow('other', { attachments: [{ types: ['*'], scopes: [SUB], selectors: true }] });
        attach('a', { identityId: WEB, target: { selector } }, { namespace: 'other' });
      },
    ],
    [
      'are of a type that azid does not know and no policy names',
      () => attach('a', { target: { resourceId: `${GROUP}/providers/Some.Thing/else/x` } }),
    ],
  ])('but not for those that %s', async (_, given) => {
    given();
    expect(await references()).toEqual([]);
  });

  it('and for resources that azid is still to detach it from, by their name', async () => {
    for (const change of [
      { state: 'Detaching' as const, owners: [owner('gone')] },
      { owners: [] },
      { owners: [owner('gone')] },
      { state: 'Attaching' as const, owners: [owner('gone')] },
    ]) {
      ledger(change);
      expect(await references()).toEqual([DETACHING]);
    }
    attach('leaving', {}, going);
    attach('edited', { identityRef: { name: 'mail' } });
    attach('made-again', {}, { uid: 'another' });
    for (const name of ['leaving', 'edited', 'made-again']) {
      ledger({ owners: [owner(name)] });
      expect(await references()).toContain(DETACHING);
    }
    // It no longer selects the resource, which therefore loses the identity, policy or not.
    attach('denied', { target: { selector: { ...selector, subscriptionId: 'another' } } });
    ledger({ state: 'Detaching', owners: [owner('denied')] });
    expect(await references()).toContain(DETACHING);
  });

  it('but for no resource that keeps it: not azid attached it, another identity, or a living object keeps it', async () => {
    ledger({ owned: false });
    expect(await references()).toEqual([]);
    ledger({ identityId: `${WEB}2` });
    expect(await references()).toEqual([]);
    attach('denied');
    allow('shop', { attachments: [{ types: ['*'], scopes: [`${GROUP}0`] }] });
    ledger({ owners: [owner('denied'), owner('gone')] });
    expect(await references()).toEqual([]);
  });

  it('as long as before when the wall clock is set, back or forward, while azid runs', async () => {
    for (const by of [HOSTS_HOLD_MS, -HOSTS_HOLD_MS]) {
      const time = { wall: clock.now(), monotonic: 0 };
      const elapsed = new Elapsed({ now: () => time.wall, monotonic: () => time.monotonic });
      parts = { ...parts, elapsed };
      ledger({ state: 'Detaching', since: new Date(time.wall).toISOString() });
      expect(await references()).toEqual([DETACHING]);
      time.wall += by;
      time.monotonic += HOSTS_HOLD_MS - 1;
      expect(await references()).toEqual([DETACHING]);
      time.monotonic += 1;
      expect(await references()).toEqual([]);
    }
  });

  it('and for no resource for ever: from the deletion on, or since azid detaches', async () => {
    const at = (ms: number) => new Date(clock.now() + ms).toISOString();
    ledger();
    clock.advance(HOSTS_HOLD_MS - 1);
    expect(await references()).toEqual([DETACHING]);
    clock.advance(1);
    expect(await references()).toEqual([]);
    parts = { ...parts, releaseAfterMs: 2 * HOSTS_HOLD_MS };
    expect(await references()).toEqual([DETACHING]);
    parts = { ...parts, releaseAfterMs: HOSTS_HOLD_MS };
    ledger({ state: 'Detaching', since: at(1 - HOSTS_HOLD_MS) });
    expect(await references()).toEqual([DETACHING]);
    ledger({ state: 'Detaching', since: at(-HOSTS_HOLD_MS) });
    expect(await references()).toEqual([]);
    // As long as its owner is on its way, which may be long for a fleet, that one waits; and it does not for ever.
    attach('leaving', {}, going);
    ledger({ state: 'Detaching', since: at(-HOSTS_HOLD_MS), owners: [owner('gone'), owner('leaving')] });
    expect(await references()).toEqual([DETACHING]);
    // Nobody reconciles what azid's finalizer is off: it waits for nothing, as if it were gone.
    attach('leaving', {}, finalized);
    expect(await references()).toEqual([]);
  });

  it('for one that uses it for as long as it does: its deletion would take it out from under the resource', async () => {
    const problem = {
      reason: 'InUseByResource',
      message: 'properties.registry',
      attempts: 9,
      notBefore: '2026-11-23T12:05:00Z',
    };
    ledger({ owners: [owner('gone')], problem });
    clock.advance(100 * HOSTS_HOLD_MS);
    expect(await references()).toEqual([`${VM} (in use there: name another identity in its properties)`]);
    // What azid did not attach it does not take away either, and holds nobody for it.
    ledger({ owned: false, owners: [owner('gone')], problem });
    expect(await references()).toEqual([]);
    ledger({ owners: [owner('gone')] });
    expect(await references()).toEqual([]);
  });

  const used = {
    owners: [owner('gone')],
    problem: {
      reason: 'InUseByResource',
      message: 'properties.registry',
      attempts: 9,
      notBefore: '2026-11-23T10:05:00Z',
    },
  };
  const doubts = () => holdersOfAll(parts).doubtsOf('UserAssignedIdentity', 'shop/web');
  const lost = { reason: 'AuthorizationFailed', message: 'no right; give azid the role Reader' };
  const stalled = {
    type: 'Stalled',
    status: 'True' as const,
    ...lost,
    lastTransitionTime: '2026-11-23T10:00:00Z',
  };

  it.each([
    ['as its ledger says', { unreadable: lost }, true],
    ['as its ledger of an earlier version says', { conditions: [stalled] }, true],
    ['which can be read, and refuses a write', { conditions: [stalled] }, false],
    ['which can be read', {}, false],
  ])(
    'not for one that used it and cannot be read: that is doubted, with cause and remedy; %s',
    async (_, status, isDoubted) => {
      ledger({ ...used, ...(!isDoubted && { problem: { ...used.problem, notBefore: soon() } }) }, status);
      clock.advance(30 * 60_000);
      expect(await references()).toEqual(isDoubted ? [] : [expect.stringContaining('in use there')]);
      expect(doubts()).toEqual(
        isDoubted ? [{ reason: 'ResourceUnreadable', message: expect.stringContaining(VM) }] : [],
      );
      for (const { message } of doubts()) expect(message).toContain(lost.message);
    },
  );

  it('and nobody is doubted who never used it, whom an object keeps it attached to, or to whom azid did not attach it', () => {
    ledger({ owners: [owner('gone')] }, { unreadable: lost });
    expect(doubts()).toEqual([]);
    ledger({ ...used, owned: false }, { unreadable: lost });
    expect(doubts()).toEqual([]);
    attach('kept');
    ledger({ ...used, owners: [owner('kept')] }, { unreadable: lost });
    expect(doubts()).toEqual([]);
  });
});

describe('objects of a namespace that was not seen', () => {
  // Selected by the absence of a label, which an unknown namespace seems to lack.
  beforeEach(() => {
    put(stores.policies, {
      metadata: clusterMeta('unlabelled'),
      spec: {
        namespaces: { selector: { matchExpressions: [{ key: 'restricted', operator: 'DoesNotExist' }] } },
        attachments: [{ types: ['*'], scopes: [SUB], identities: { ids: [WEB] } }],
        federation: [{ issuers: ['https://i'], subjects: ['**'] }],
        grants: [{ roles: ['Reader'], scopes: [GROUP] }],
      },
    });
    put(stores.identities, {
      metadata: meta('web', { namespace: 'late', ...going }),
      spec: {},
      status: { id: WEB, principalId: PRINCIPAL },
    });
  });
  const late = () => holdersOfAll(parts).of('UserAssignedIdentity', 'late/web', context);
  const meant = { namespace: 'late' };
  const grant = (name: string, status?: object) =>
    put(stores.grants, {
      metadata: meta(name, meant),
      spec: { principal: { identityRef: { name: 'web' } }, role: { name: 'Reader' }, scope: GROUP },
      ...(status && { status }),
    });
  const credential = (name: string, status?: object) =>
    put(stores.credentials, {
      metadata: meta(name, meant),
      spec: { identityRef: { name: 'web' }, issuer: 'https://i', subject: 's' },
      ...(status && { status }),
    });

  it('hold the identity by what they have, so that nothing is pulled from under them', async () => {
    grant('read', { ledger: [`${GROUP}/providers/Microsoft.Authorization/roleAssignments/a`] });
    credential('ci', { ledger: [`${WEB}/federatedIdentityCredentials/ci`] });
    attach('theirs', { identityId: WEB }, meant);
    ledger({ owners: [owner('theirs', 'late')] });
    expect(await late()).toEqual([
      'FederatedIdentityCredential late/ci',
      'IdentityAttachment late/theirs',
      'RoleGrant late/read',
    ]);
  });

  it('hold nothing by what they only wish', async () => {
    grant('read');
    credential('ci');
    attach('theirs', { identityId: WEB }, meant);
    expect(await late()).toEqual([]);
  });
});

describe('what was made after the deletion began', () => {
  const after = { creationTimestamp: '2026-11-23T10:00:01Z' };
  const READ = {
    principal: { identityRef: { name: 'web' } },
    role: { name: 'Reader' },
    scope: GROUP,
  } as const;

  it('holds nothing: nothing new is given any more', async () => {
    allow('shop', {
      attachments: [{ types: ['*'], scopes: [GROUP], selectors: true }],
      federation: [{ issuers: ['*'], subjects: ['*'] }],
    });
    put(stores.grants, { metadata: meta('late', after), spec: READ });
    put(stores.credentials, {
      metadata: meta('late', after),
      spec: { identityRef: { name: 'web' }, issuer: 'https://issuer.example', subject: 's' },
    });
    attach('late', {}, after);
    put(stores.grants, { metadata: meta('before'), spec: READ });
    expect(await references()).toEqual(['RoleGrant shop/before']);
  });

  it('holds it all the same by what it has: applied again, its status kept', async () => {
    const assignment = `${GROUP}/providers/Microsoft.Authorization/roleAssignments/${PRINCIPAL}`;
    put(stores.grants, { metadata: meta('again', after), spec: READ, status: { ledger: [assignment] } });
    attach('late', {}, after);
    ledger({ owners: [owner('late')] });
    expect(await references()).toEqual(['IdentityAttachment shop/late', 'RoleGrant shop/again']);
  });
});

describe('a SystemAssignedIdentity that is to be switched off', () => {
  const grant = (name: string, spec: Partial<RoleGrantSpec> = {}, metadata: Partial<ObjectMeta> = {}) =>
    put(stores.grants, {
      metadata: meta(name, metadata),
      spec: {
        principal: { identityRef: { kind: 'SystemAssignedIdentity', name: 'web' } },
        role: { name: 'Reader' },
        scope: GROUP,
        ...spec,
      },
    });
  const waitsFor = () => holdersOfAll(parts).of('SystemAssignedIdentity', 'shop/web', context);

  it('waits for the grants that refer to it and that a policy allows, not for those of its namesake', async () => {
    put(stores.systemIdentities, {
      metadata: meta('web', going),
      spec: { resourceId: VM },
      status: { id: VM, principalId: PRINCIPAL },
    });
    grant('read');
    grant('going', {}, going);
    grant('over', { expiresAt: '2026-11-23T09:00:00Z' });
    grant('denied', { scope: SUB });
    grant('user-assigned', { principal: { identityRef: { name: 'web' } } });
    expect(await waitsFor()).toEqual(['RoleGrant shop/read']);
    expect(await references()).toEqual(['RoleGrant shop/user-assigned']);
  });

  it('leaves no assignment of its principal that azid made and nobody owns, wherever its resource is', async () => {
    const { installationId } = parts;
    const triple = { scope: GROUP, role: reader.guid, principalId: PRINCIPAL };
    const name = assignmentName(installationId, triple);
    const asked: string[] = [];
    let made = {
      id: assignmentId(GROUP, name),
      key: armKey(assignmentId(GROUP, name)),
      name,
      scope: GROUP,
      roleGuid: reader.guid,
      principalId: PRINCIPAL,
    } as AzureRoleAssignment;
    parts = {
      ...parts,
      assignments: {
        async *list(scope) {
          asked.push(scope);
          yield { assignments: [made, { ...made, key: `${made.key}2`, name: PRINCIPAL }], requestedAt: 0 };
        },
      },
    };
    const leftovers = () =>
      leftoversOf({ id: VM, principalId: PRINCIPAL, namespace: 'shop' }, context, parts);
    expect(await leftovers()).toEqual([made.id]);
    expect(asked).toEqual([SUB]);
    put(stores.grants, {
      metadata: meta('read'),
      spec: {
        principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
        role: { name: 'Reader' },
        scope: GROUP,
      },
      status: { ledger: [made.id] },
    });
    expect(await leftovers()).toEqual([]);
    // What is written on it names another alone: the ledger that names it was forged.
    made = { ...made, description: `[azid ${installationId}: shop/gone]` };
    expect(await leftovers()).toEqual([made.id]);
    made = { ...made, description: `[azid ${installationId}: shop/read]` };
    expect(await leftovers()).toEqual([]);
    // A status that was lost: the mark names it still.
    put(stores.grants, {
      metadata: meta('read'),
      spec: {
        principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
        role: { name: 'Reader' },
        scope: GROUP,
      },
    });
    expect(await leftovers()).toEqual([]);
    // Neither by its mark nor by its ledger: azid's finalizer was taken off while it was being deleted.
    put(stores.grants, {
      metadata: meta('read', finalized),
      spec: {
        principal: { id: PRINCIPAL, type: 'ServicePrincipal' },
        role: { name: 'Reader' },
        scope: GROUP,
      },
      status: { ledger: [made.id] },
    });
    expect(await leftovers()).toEqual([made.id]);
    // Another team's, which retained it: its object is gone.
    made = { ...made, description: `[azid ${installationId}: other/gone]` };
    expect(await leftovers()).toEqual([]);
    made = { ...made, description: 'by hand' };
    expect(await leftovers()).toEqual([made.id]);
  });
});
