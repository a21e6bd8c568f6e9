import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../azure/names/assignment-name.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { meta, put } from '../stores.fixture.ts';
import { INSTALLATION, NOW } from './facts.fixture.ts';
import { CONTRIBUTOR_GUID, GrantWorld, READER_GUID, RG, SUB, unavailable } from './observe.fixture.ts';

/** What a RoleGrant's reconcile reads, on real stores, caches and clients. */

let world: GrantWorld;
/** Of identity `web`. */
let web: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
});
afterEach(() => world[Symbol.asyncDispose]());

const MINUTE = 60_000;
const at = (ms: number) => new Date(NOW + ms).toISOString().replace('.000Z', 'Z');
const namesOf = (principalId: string, scope = RG, role = READER_GUID) =>
  assignmentNames(INSTALLATION, { scope, role, principalId });
const idOf = (principalId: string, nth = 0, scope = RG) =>
  assignmentId(scope, namesOf(principalId, scope)[nth] ?? '');
const ownMark = (key = 'shop/read') => `[azid ${INSTALLATION}: ${key}]`;
const made = (principalId = web) => world.put(idOf(principalId), principalId, READER_GUID, ownMark());
/** As it stands after azid has made it. */
const standing = (principalId = web) => ({
  observedGeneration: 1,
  assignmentId: idOf(principalId),
  principalId,
  identityId: `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`,
  ledger: [idOf(principalId)],
});
const REQUESTED = { annotations: { 'azid.dev/reconcile-requested-at': 'now' } } as const;
const GOING = { deletionTimestamp: at(-MINUTE) } as const;
const named = (principalId = web) => `GET roleAssignments/${namesOf(principalId)[0]}`;
const types = (actions: readonly { readonly type: string }[]) => actions.map(({ type }) => type);

describe('a grant that stands as declared', () => {
  beforeEach(async () => {
    await made();
    await world.listed();
  });

  it('costs no call', async () => {
    const { facts, calls } = await world.see(world.grant('read', {}, standing()));
    expect(calls).toEqual([]);
    expect(facts.principal).toMatchObject({ state: 'known', id: web, live: false });
    expect(facts.target?.id).toBe(idOf(web));
    expect(facts.azure).toMatchObject({ state: 'present', live: false });
    expect(facts.held).toEqual([]);
  });

  it('is read whole where somebody asked: identity, role and assignment, each once', async () => {
    world.clock.advance(MINUTE);
    const { facts, calls } = await world.see(world.grant('read', {}, standing(), REQUESTED));
    expect(calls.toSorted()).toEqual(
      [named(), 'GET userAssignedIdentities/web', 'LIST roleDefinitions'].toSorted(),
    );
    expect(facts.azure).toMatchObject({ state: 'present', live: true });
  });

  it('is searched for in the areas of its scope and of all that it holds', async () => {
    const elsewhere = assignmentId(
      `/providers/Microsoft.Management/managementGroups/mg1`,
      namesOf(web)[0] ?? '',
    );
    await world.see(world.grant('read', {}, { ...standing(), ledger: [idOf(web), elsewhere] }));
    expect(new Set(world.noted.get('shop/read'))).toEqual(
      new Set([SUB, '/providers/microsoft.management/managementgroups/mg1']),
    );
  });
});

describe('before a write', () => {
  it('identity and assignment are read from Azure, whatever the lists showed', async () => {
    await world.listed();
    world.clock.advance(MINUTE);
    const { facts, calls } = await world.see(world.grant('read'));
    expect(calls).toEqual(expect.arrayContaining([named(), 'GET userAssignedIdentities/web']));
    expect(facts.principal).toMatchObject({ state: 'known', live: true });
    expect(facts.azure).toMatchObject({ state: 'absent', conclusive: true });
  });

  it('an identity that was made anew meanwhile gets nothing under the marks of the one before', async () => {
    await world.listed();
    world.clock.advance(MINUTE);
    const id = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
    world.azure.control.deleteIdentity({ id });
    world.azure.control.createIdentity({ name: 'web', resourceGroup: 'rg1' });
    const { facts } = await world.see(world.grant('read'));
    expect(facts.principal.state).toBe('waiting');
    expect(facts.target).toBeUndefined();
  });

  it('an edit is decided twice: from the caches, and from what the write rests on, all read at once', async () => {
    await made();
    await world.listed();
    world.clock.advance(MINUTE);
    const object = world.grant('read', { description: 'Another text.' }, standing());
    const { decision, calls } = await world.see(object);
    expect(decision.actions.map(({ type }) => type)).toContain('putAssignment');
    expect(decision.needsLive).toBeUndefined();
    expect(world.decisions).toBe(2);
    expect(calls).toHaveLength(2);
  });

  it('an assignment that went meanwhile is found gone, and one that came is found', async () => {
    await made();
    await world.listed();
    world.clock.advance(MINUTE);
    await world.arm('DELETE', idOf(web));
    const object = world.grant('read', { description: 'Another text.' }, standing());
    expect((await world.see(object)).facts.azure).toMatchObject({ state: 'absent' });
    await made();
    world.clock.advance(MINUTE);
    expect((await world.see(object)).facts.azure).toMatchObject({ state: 'present', live: true });
  });

  it.each([
    ['userAssignedIdentities', 'principal'],
    ['roleAssignments/', 'azure'],
  ] as const)('what Azure does not tell of %s leads to none', async (part, field) => {
    await world.listed();
    world.clock.advance(MINUTE);
    world.failing.set(part, unavailable);
    const object = world.grant('read');
    const { facts } = await world.see(object);
    expect(facts[field]).toMatchObject({ state: 'unreadable', failure: { reason: 'AzureUnavailable' } });
    expect((await world.decided(object)).actions).toEqual([]);
  });
});

describe('on behalf of whom nothing is allowed', () => {
  beforeEach(async () => {
    await made();
    await world.listed();
  });

  it.each([
    ['no policy allows anything', { namespace: 'other' }, {}],
    ['the namespace was not seen yet', { namespace: 'unseen' }, {}],
    ['no policy allows anything there', {}, { scope: '/subscriptions/99999999-0000-4000-8000-000000000000' }],
    ['the scope is none', {}, { scope: `${SUB}/resourceGroups` }],
  ])('no call is made: %s', async (_, metadata, spec) => {
    const { facts, calls } = await world.see(world.grant('read', spec, {}, { ...metadata, ...REQUESTED }));
    expect(calls).toEqual([]);
    expect(facts).toMatchObject({ coOwners: [], held: [] });
    expect([facts.role, facts.target, facts.azure]).toEqual([undefined, undefined, undefined]);
    expect(world.noted.size).toBe(0);
  });

  it('a role that is denied is resolved, but its assignment is not read', async () => {
    await world.put(assignmentId(RG, namesOf(web, RG, CONTRIBUTOR_GUID)[0] ?? ''), web, CONTRIBUTOR_GUID);
    const { facts, calls } = await world.see(world.grant('read', { role: { name: 'Contributor' } }));
    expect(calls).toEqual([]);
    expect(facts.role).toMatchObject({ state: 'found', role: { guid: CONTRIBUTOR_GUID } });
    expect(facts.target).toMatchObject({ roleGuid: CONTRIBUTOR_GUID });
    expect(facts.azure).toBeUndefined();
  });

  it.each([
    ['it goes', {}, { ...GOING }],
    ['its time is over', { expiresAt: at(-MINUTE) }, {}],
    ['its time cannot be read', { expiresAt: 'soon' }, {}],
  ])('what it holds is read all the same when %s', async (_, spec, metadata) => {
    const holding = { ...standing(), ledger: [idOf(web)] };
    const { facts } = await world.see(
      world.grant('read', spec, holding, { namespace: 'other', ...metadata }),
    );
    const all = [...facts.held.map(({ observed }) => observed), facts.azure];
    expect(all).toEqual(expect.arrayContaining([expect.objectContaining({ state: 'present' })]));
  });

  it('what a principal that is gone still has is taken back from it', async () => {
    const gone = world.identity('gone');
    await world.put(idOf(gone), gone, READER_GUID, ownMark());
    const id = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gone`;
    world.azure.control.deleteIdentity({ id });
    const declared = world.stores.identities.get('shop/gone');
    if (declared) world.stores.identities.recordDelete(declared);
    world.clock.advance(MINUTE);
    world.allow('shop', []);
    const spec = { principal: { identityRef: { name: 'gone' } } };
    const object = world.grant('read', spec, { ...standing(gone), identityId: id });
    await world.see(object);
    const { facts } = await world.see(object);
    expect(facts.principal).toMatchObject({ state: 'waiting', dead: true });
    expect((await world.decided(object)).actions).toMatchObject([
      { type: 'deleteAssignment', id: idOf(gone) },
    ]);
  });
});

describe('while the first lists are under way', () => {
  const using = () => {
    world.list();
  };
  it('a resync makes no call of its own, and keeps what was said', async () => {
    using();
    const before = world.calls.length;
    const { facts } = await world.see(world.grant('read', {}, standing()), 'resync');
    expect(facts.role).toEqual({ state: 'loading' });
    expect(world.calls.slice(before).filter((call) => call.startsWith('GET'))).toEqual([]);
  });

  it.each([
    ['an edit', 'edit', {}],
    ['what has ended', 'resync', { expiresAt: at(-MINUTE) }],
  ] as const)('%s does not wait for them', async (_, priority, spec) => {
    using();
    expect((await world.see(world.grant('read', spec, standing()), priority)).facts.role).not.toEqual({
      state: 'loading',
    });
  });
});

describe('the name under which it is searched for', () => {
  it('is the next where Azure itself shows that somebody else has the first', async () => {
    const stranger = world.identity('stranger', 'other');
    await world.listed();
    await world.put(idOf(web), stranger);
    world.clock.advance(MINUTE);
    const { facts } = await world.see(world.grant('read'));
    expect(facts.target?.id).toBe(idOf(web, 1));
    expect(facts.azure).toMatchObject({ state: 'absent' });
    expect([...facts.ends.keys()]).toContain(armKey(idOf(web, 1)));
  });

  it('is the one that stands', async () => {
    await world.put(idOf(web, 2), web, READER_GUID, ownMark());
    await world.listed();
    const { facts, calls } = await world.see(world.grant('read'));
    expect(facts.target?.id).toBe(idOf(web, 2));
    expect(facts.azure).toMatchObject({ state: 'present', assignment: { id: idOf(web, 2) } });
    expect(calls).not.toContain(named());
  });
});

describe('a time that cannot be read', () => {
  const odd = { expiresAt: '2026-12-01T12:00:00+99:99' };
  const demanding = [{ roles: ['Reader'], scopes: [SUB], maxDuration: '2h' }];
  beforeEach(async () => {
    await made();
    await world.listed();
    world.clock.advance(MINUTE);
  });

  it.each([
    ['its ledger tells of', standing, ['recordEnd']],
    ['no ledger tells of', () => ({}), ['deleteAssignment']],
  ] as const)('ends what stands, where a policy demands an end: what %s', async (_, status, actions) => {
    world.allow('shop', demanding);
    const decision = await world.decided(world.grant('read', odd, status()));
    expect(types(decision.actions)).toEqual(actions);
  });

  it('ends nothing where a policy demands none', async () => {
    const decision = await world.decided(world.grant('read', odd, standing()));
    expect(decision).toMatchObject({ actions: [], summary: { state: 'stalled', reason: 'InvalidExpiry' } });
  });
});

describe('an end in azid’s own record', () => {
  it('makes it read what it holds beyond the allowed scope, when it is over', async () => {
    await world.put(idOf(web, 0, SUB), web, READER_GUID, ownMark());
    await world.listed();
    world.clock.advance(MINUTE);
    put(world.stores.expiries, {
      metadata: meta(namesOf(web, SUB)[0] ?? '', { namespace: 'azid-system' }),
      spec: {
        assignmentId: idOf(web, 0, SUB),
        owners: [{ namespace: 'shop', name: 'read', uid: 'uid-shop-read', expiresAt: at(0) }],
      },
    });
    const object = world.grant('read');
    const { facts, calls } = await world.see(object);
    expect(facts.held).toMatchObject([{ id: idOf(web, 0, SUB), observed: { state: 'present', live: true } }]);
    expect(calls).toContain(`GET roleAssignments/${namesOf(web, SUB)[0]}`);
    expect(types((await world.decided(object)).actions)).toEqual(['deleteAssignment']);
  });
});
