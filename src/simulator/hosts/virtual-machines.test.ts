import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage, VM } from './stage.fixture.ts';

let stage: HostStage;
let vm: string;
let id1: string;
let id2: string;

beforeEach(async () => {
  stage = await startHostStage();
  vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  id1 = stage.identity('id1');
  id2 = stage.identity('id2');
});
afterEach(() => stage[Symbol.asyncDispose]());

const patch = (identity: unknown, options: { readonly headers?: Record<string, string> } = {}) =>
  stage.call('PATCH', vm, { body: { identity }, ...options });
const attach = (...ids: string[]) =>
  patch({ type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) });
const attachedIds = () => stage.control.host({ id: vm }).attached.map(({ id }) => id);

test('row 23: PATCH answers 200 with the whole body, Updating, and an operation that is followed to its end', async () => {
  stage.control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 15_000 } });
  const answer = await attach(id1);
  expect(answer).toMatchObject({
    status: 200,
    body: { id: vm, name: 'vm1', type: VM, location: 'westeurope', tags: {} },
  });
  expect(answer.body.properties).toMatchObject({ provisioningState: 'Updating', hardwareProfile: {} });
  const url = answer.headers['azure-asyncoperation'] ?? '';
  expect(url).toMatch(new RegExp(`^${stage.simulator.origin}/`));
  expect(url.length).toBeGreaterThan(4096);
  expect((await stage.call('GET', url)).body).toEqual({
    startTime: '2026-11-23T10:00:00.000Z',
    status: 'InProgress',
    name: expect.any(String),
  });
  // The new state at once, without ids before the operation ends.
  for (const shown of [answer.body, (await stage.call('GET', vm)).body])
    expect(shown.identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } });
  expect(attachedIds()).toEqual([]);
  stage.clock.advance(15_000);
  expect((await stage.call('GET', url)).body).toMatchObject({
    status: 'Succeeded',
    endTime: '2026-11-23T10:00:15.000Z',
  });
  const [identity] = stage.control.identities();
  expect((await stage.call('GET', vm)).body).toMatchObject({
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: {
        [id1]: { principalId: identity?.principalId, clientId: identity?.clientId },
      },
    },
    properties: { provisioningState: 'Succeeded' },
  });
});

test('row 20: {} adds, null removes, and keys that a PATCH does not name stay', async () => {
  await attach(id1);
  await attach(id2);
  expect(attachedIds()).toEqual([id1, id2]);
  await patch({ type: 'UserAssigned', userAssignedIdentities: { [id1]: null } });
  expect(attachedIds()).toEqual([id2]);
});

test('a virtual machine has another vmId and creation time when it is made again, and no identity', async () => {
  const before = await stage.call('GET', vm);
  await attach(id1);
  stage.clock.advance(1000);
  stage.control.recycleHost({ id: vm });
  const after = await stage.call('GET', vm);
  expect(after.body.properties.vmId).not.toBe(before.body.properties.vmId);
  expect(after.body.properties.timeCreated).toBe('2026-11-23T10:00:01.000Z');
  expect(after.body).not.toHaveProperty('identity');
});

test('deleteHost and an own DELETE take it away; DELETE of what is not there is 204', async () => {
  expect(stage.control.deleteHost({ id: vm })).toEqual({ deleted: true });
  expect(await stage.call('GET', vm)).toMatchObject({
    status: 404,
    headers: { 'x-ms-failure-cause': 'gateway' },
    body: { error: { code: 'ResourceNotFound' } },
  });
  expect(await stage.call('DELETE', vm)).toMatchObject({ status: 204 });
});

test('row 26a: the list by subscription shows identities and tags, in pages', async () => {
  stage.control.setKnobs({ paging: { pageSize: 2 } });
  for (const name of ['vm2', 'vm3'])
    stage.control.createHost({ name, resourceGroup: 'rg1', tags: { team: 'a' } });
  await attach(id1);
  const path = `/subscriptions/${stage.simulator.subscriptionId}/providers/${VM}`;
  const first = await stage.call('GET', path);
  expect(first.body.value).toMatchObject([
    { name: 'vm1', identity: { type: 'UserAssigned' } },
    { name: 'vm2', tags: { team: 'a' } },
  ]);
  const second = await stage.call('GET', first.body.nextLink);
  expect(second.body).toEqual({ value: [expect.objectContaining({ name: 'vm3' })] });
  const inGroup = await stage.call('GET', `${stage.group}/providers/${VM}`);
  expect(inGroup.body.value).toHaveLength(2);
});
