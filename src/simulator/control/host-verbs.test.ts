import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage, VM } from '../hosts/stage.fixture.ts';

let stage: HostStage;
let vm: string;

beforeEach(async () => {
  stage = await startHostStage();
  vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1', tags: { team: 'a' } }).id;
});
afterEach(() => stage[Symbol.asyncDispose]());

const post = async (verb: string, body: unknown) => {
  const answer = await fetch(`${stage.simulator.controlEndpoint}/${verb}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as { error?: { message: string } } };
};

test('createHost takes an id or its parts; a wrong one, a missing group and a missing host are named', async () => {
  const id = stage.id(VM, 'vm2');
  expect(stage.control.createHost({ id, location: 'North Europe' })).toMatchObject({
    id,
    name: 'vm2',
    type: VM,
    location: 'northeurope',
    system: null,
    attached: [],
    provisioningState: 'Succeeded',
    busy: false,
    restarts: 0,
    createdAt: '2026-11-23T10:00:00.000Z',
  });
  expect((await post('createHost', { id: '/nothing' })).body.error?.message).toContain("got '/nothing'");
  expect((await post('createHost', { name: 'vm3', resourceGroup: 'rg9' })).body.error?.message).toBe(
    "resourceGroup: expected an existing resource group, got 'rg9'",
  );
  for (const verb of ['recycleHost', 'setHostIdentity', 'tagHost', 'host', 'swapSlots', 'openMetadata'])
    expect((await post(verb, { id: '/gone', identity: { type: 'None' }, tags: {} })).status).toBe(400);
  expect((await post('host', { id: '/gone' })).body.error?.message).toBe(
    "id: expected the ARM id of an existing host, got '/gone'",
  );
});

test('createHost of what is there replaces it', () => {
  const before = stage.control.setHostIdentity({ id: vm, identity: { type: 'SystemAssigned' } });
  const after = stage.control.createHost({ id: vm });
  expect(after).toMatchObject({ system: null, tags: {} });
  expect(after.uniqueId).not.toBe(before.uniqueId);
  const objectId = before.system?.principalId ?? '';
  expect(stage.control.deletePrincipal({ objectId })).toEqual({ deleted: false });
});

test('setHostIdentity replaces, or merges; identities need not exist', () => {
  const [id1, id2] = [stage.identity('id1'), stage.identity('id2')];
  const ghost = id1.replace('id1', 'ghost');
  const set = (entries: Record<string, unknown>, merge = false) =>
    stage.control
      .setHostIdentity({ id: vm, identity: { type: 'UserAssigned', userAssignedIdentities: entries }, merge })
      .attached.map(({ id }) => id);
  expect(set({ [id1]: {}, [ghost]: {} })).toEqual([id1, ghost]);
  expect(stage.control.host({ id: vm }).attached[1]).toEqual({
    id: ghost,
    principalId: null,
    clientId: null,
  });
  expect(set({ [id2]: {}, [ghost]: null }, true)).toEqual([id1, id2]);
  expect(set({ [id2]: {} })).toEqual([id2]);
});

test('recycleHost keeps tags and properties, and gives another principal', () => {
  const identity = { type: 'SystemAssigned' };
  const before = stage.control.setHostIdentity({ id: vm, identity });
  const after = stage.control.recycleHost({ id: vm, identity });
  expect(after).toMatchObject({ tags: { team: 'a' }, properties: before.properties });
  expect(after.uniqueId).not.toBe(before.uniqueId);
  expect(after.system?.principalId).not.toBe(before.system?.principalId);
});

test('a recycled host takes the grants at its scope with it', () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const { id } = stage.control.grant({ principalId: objectId, role: 'Reader', scope: vm });
  const held = () => stage.control.assignments().some((each) => each.id === id);
  expect(held()).toBe(true);
  stage.control.recycleHost({ id: vm });
  expect(held()).toBe(false);
});

test('hosts are shown by type, and tagged', () => {
  stage.control.createHost({
    type: 'Microsoft.Web/sites',
    name: 'app',
    resourceGroup: 'rg1',
    kind: 'functionapp',
  });
  expect(stage.control.hosts({ type: VM.toLowerCase() }).map(({ name }) => name)).toEqual(['vm1']);
  expect(stage.control.hosts().map(({ kind }) => kind)).toEqual([undefined, 'functionapp']);
  const before = stage.control.host({ id: vm });
  const after = stage.control.tagHost({ id: vm, tags: { team: 'b' } });
  expect(after.tags).toEqual({ team: 'b' });
  expect(after.revision).toBe(before.revision + 1);
});

test('createHost takes the ids it had in another simulation, and recycling gives it new ones', () => {
  const uniqueId = '06da4576-97bb-4076-8db3-fbe2f0729191';
  const system = {
    principalId: 'c1ac91a4-37d5-4653-b751-fae58bb07bd2',
    clientId: '0b14a98c-e5c0-4f22-a6ac-14de7dac3e0c',
  };
  const made = stage.control.createHost({ id: vm, uniqueId, system, identity: { type: 'SystemAssigned' } });
  expect(made).toMatchObject({ uniqueId, vmId: uniqueId, system });
  const recycled = stage.control.recycleHost({ id: vm, identity: { type: 'SystemAssigned' } });
  expect(recycled.uniqueId).not.toBe(uniqueId);
  expect(recycled.system?.principalId).not.toBe(system.principalId);
  // Where no identity is switched on, there is none to have them.
  expect(stage.control.createHost({ id: vm, system, identity: { type: 'None' } }).system).toBeNull();
});
