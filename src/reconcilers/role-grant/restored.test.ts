import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assignmentId } from '../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../azure/names/assignment-name.ts';
import { meta, put } from '../stores.fixture.ts';
import { INSTALLATION, NOW } from './facts.fixture.ts';
import { GrantWorld, READER_GUID, RG } from './observe.fixture.ts';

/** A restore brings RoleGrants before the identities that they refer to; what an earlier one was given stands. */

const HOUR = 3_600_000;

let world: GrantWorld;
let id: string;
let web: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
  // What is in Azure is marked for the object that was there before.
  const { identities, systemIdentities } = world.stores;
  for (const store of [identities, systemIdentities])
    store.take({ type: 'replace', objects: [], resourceVersion: '1000', rewound: false });
  id = assignmentId(
    RG,
    assignmentNames(INSTALLATION, { scope: RG, role: READER_GUID, principalId: web })[0] ?? '',
  );
  await world.put(id, web, READER_GUID, `[azid ${INSTALLATION}: shop/read]`);
});
afterEach(() => world[Symbol.asyncDispose]());

const identityId = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const status = () => ({
  observedGeneration: 1,
  assignmentId: id,
  principalId: web,
  identityId,
  ledger: [id],
});
const GOING = { deletionTimestamp: new Date(NOW - 60_000).toISOString().replace('.000Z', 'Z') };
const goes = async (spec: object = {}) =>
  (await world.see(world.grant('read', spec, status(), GOING))).decision.actions.map(({ type }) => type);

describe('the assignment of a grant that goes stays while another, whose identity is not there yet, may ask for it', () => {
  it('though the identities are listed: the one with the principal is marked for that object', async () => {
    world.grant('read-anew');
    await world.listed();
    expect(await goes()).not.toContain('deleteAssignment');
  });

  it('though no list shows it', async () => {
    world.grant('read-anew');
    expect(await goes()).not.toContain('deleteAssignment');
  });

  it('also where it was granted by the id of its principal', async () => {
    world.grant('read-anew');
    await world.listed();
    expect(await goes({ principal: { id: web, type: 'ServicePrincipal' } })).not.toContain(
      'deleteAssignment',
    );
  });

  it('also when that is there again, and was not reconciled yet', async () => {
    put(world.stores.identities, { metadata: meta('web', { uid: 'uid-restored' }), spec: {} });
    world.grant('read-anew');
    await world.listed();
    expect(await goes()).not.toContain('deleteAssignment');
  });

  it('not for ever', async () => {
    world.grant('read-anew');
    await world.listed();
    await goes();
    world.clock.advance(HOUR - 1);
    expect(await goes()).not.toContain('deleteAssignment');
    world.clock.advance(1);
    expect(await goes()).toContain('deleteAssignment');
  });
});

it('but it goes with an identity that is gone: one that comes back has another principal', async () => {
  world.grant('read-anew');
  await world.listed();
  expect(await goes()).not.toContain('deleteAssignment');
  world.azure.control.deleteIdentity({ id: identityId });
  // It is read anew for whoever was given something for it.
  world.clock.advance(121_000);
  expect(await goes()).toContain('deleteAssignment');
});

it.each([
  ['of another identity, to go by its marks', { principal: { identityRef: { name: 'mail' } } }],
  ['of another scope', { scope: `${RG}-else` }],
  ['of another role', { role: { name: 'Contributor' } }],
  ['that is suspended', { suspend: true }],
])('but it goes where the other is %s', async (_, spec) => {
  world.grant('read-anew', spec);
  await world.listed();
  expect(await goes()).toContain('deleteAssignment');
});

describe('a grant that lives loses nothing while the marks on its identity name the object that was there before', () => {
  const read = async (change: object = {}) => {
    const { namespace, name } = { namespace: 'shop', name: 'web' };
    put(world.stores.identities, {
      metadata: meta(name, { namespace, uid: 'uid-restored' }),
      spec: {},
      status: { id: identityId, principalId: web },
    });
    await world.listed();
    const { facts, decision } = await world.see(world.grant('read', {}, { ...status(), ...change }));
    return { facts, types: decision.actions.map(({ type }) => type) };
  };

  it('whose principal is alive', async () => {
    const { facts, types } = await read();
    expect(facts.principal).toMatchObject({ state: 'waiting', dead: false });
    expect(types).toEqual([]);
  });

  it('and where its status has another principal: what Azure shows with the one on the assignment is alive', async () => {
    const { types } = await read({ principalId: '11111111-0000-4000-8000-000000000001' });
    expect(types).not.toContain('deleteAssignment');
  });
});
