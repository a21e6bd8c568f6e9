import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assignmentId } from '../../../azure/azure-role-assignment.ts';
import { assignmentNames } from '../../../azure/names/assignment-name.ts';
import { deletionBlocked } from '../../status/blocked.fixture.ts';
import { INSTALLATION, NOW } from '../facts.fixture.ts';
import { CONTRIBUTOR_GUID, GrantWorld, READER_GUID, RG, unavailable } from '../observe.fixture.ts';

/** A RoleGrant whose status was lost (a restore, a patch while no azid ran) goes; its assignment stands, with its mark. */

let world: GrantWorld;
let web: string;
beforeEach(async () => {
  world = await GrantWorld.start();
  web = world.identity('web');
  const name = assignmentNames(INSTALLATION, { scope: RG, role: READER_GUID, principalId: web })[0] ?? '';
  await world.put(assignmentId(RG, name), web, READER_GUID, `[azid ${INSTALLATION}: shop/read]`);
});
afterEach(() => world[Symbol.asyncDispose]());

const GOING = { deletionTimestamp: new Date(NOW - 60_000).toISOString().replace('.000Z', 'Z') };
const gone = () => world.grant('read', {}, {}, GOING);
const types = async (priority: 'event' | 'resync' = 'event') =>
  (await world.see(gone(), priority)).decision.actions.map(({ type }) => type);

it('control: with all known, the assignment is deleted', async () => {
  await world.listed();
  expect(await types()).toContain('deleteAssignment');
});

describe('it is not let go, with its assignment left without a word,', () => {
  it('while its identity is being listed, as after a start', async () => {
    world.list();
    expect(await types('resync')).not.toContain('removeFinalizer');
  });

  it('while Azure does not show its identity', async () => {
    world.failing.set('userAssignedIdentities', unavailable);
    expect(await types()).not.toContain('removeFinalizer');
  });

  it('while Azure does not show its role', async () => {
    world.failing.set('roleDefinitions', unavailable);
    expect(await types()).not.toContain('removeFinalizer');
  });

  it('since a policy was narrowed meanwhile: taking away needs no permission, and the mark names it', async () => {
    await world.listed();
    world.allow('shop', [{ roles: ['Reader'], scopes: [`${RG}-else`] }]);
    expect(await types()).not.toContain('removeFinalizer');
  });

  it('since its namespace was not seen yet', async () => {
    await world.listed();
    const [shop] = [...world.stores.namespaces.values()].filter(({ metadata }) => metadata.name === 'shop');
    if (shop) world.stores.namespaces.recordDelete(shop);
    expect(world.stores.namespaces.get('shop')).toBeUndefined();
    expect(await types()).not.toContain('removeFinalizer');
  });
});

it('what an earlier object of its name left with another role is not taken along', async () => {
  const name =
    assignmentNames(INSTALLATION, { scope: RG, role: CONTRIBUTOR_GUID, principalId: web })[0] ?? '';
  const retained = assignmentId(RG, name);
  await world.put(retained, web, CONTRIBUTOR_GUID, `[azid ${INSTALLATION}: shop/read]`);
  await world.listed();
  const { actions } = (await world.see(gone())).decision;
  expect(actions.flatMap((each) => (each.type === 'deleteAssignment' ? each.id : []))).not.toContain(
    retained,
  );
  expect(actions.map(({ type }) => type)).toContain('deleteAssignment');
});

it('nothing is deleted on the word of a list alone', async () => {
  await world.listed();
  world.allow('shop', [{ roles: ['Reader'], scopes: [`${RG}-else`] }]);
  const { decision, calls } = await world.see(gone());
  expect(decision.actions.map(({ type }) => type)).toContain('deleteAssignment');
  expect(calls.filter((call) => call.startsWith('GET roleAssignments/'))).toHaveLength(1);
});

it('for how long its deletion has been refused is counted by the monotonic clock', async () => {
  const conditions = [deletionBlocked(NOW - 60_000)];
  await world.listed();
  const { facts } = await world.see(world.grant('read', {}, { conditions }, GOING));
  expect(facts.blockedMs).toBe(60_000);
});
