import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { all, clientOptions, refusal, tokenCredential } from '../sdk.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

let clock: FakeClock;
let simulator: Simulator;
let client: ManagedServiceIdentityClient;

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await startSimulator({ clock, preset: 'fast' });
  simulator.control.createResourceGroup({ name: 'rg1' });
  client = await clientOf();
});

afterEach(() => simulator.stop());

async function clientOf(caller?: string): Promise<ManagedServiceIdentityClient> {
  return new ManagedServiceIdentityClient(
    await tokenCredential(simulator, caller),
    simulator.subscriptionId,
    clientOptions(simulator),
  );
}

const idOf = (name: string, group = 'rg1') =>
  `/subscriptions/${simulator.subscriptionId}/resourcegroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

test('a first PUT answers 201 with a relative Location, the same again 200 without it and the same principal', async () => {
  const answers: { status: number; location: string | undefined; body: unknown }[] = [];
  const options = {
    onResponse: (raw: {
      status: number;
      headers: { get(name: string): string | undefined };
      parsedBody?: unknown;
      bodyAsText?: string | null;
    }) =>
      answers.push({
        status: raw.status,
        location: raw.headers.get('location'),
        body: JSON.parse(raw.bodyAsText ?? ''),
      }),
  };
  const first = await client.userAssignedIdentities.createOrUpdate(
    'rg1',
    'id1',
    { location: 'West Europe' },
    options,
  );
  const again = await client.userAssignedIdentities.createOrUpdate(
    'rg1',
    'id1',
    { location: 'westeurope' },
    options,
  );
  expect(answers.map(({ status, location }) => ({ status, location }))).toEqual([
    { status: 201, location: idOf('id1') },
    { status: 200, location: undefined },
  ]);
  expect(again.principalId).toBe(first.principalId);
  expect(answers[0]?.body).toEqual({
    location: 'westeurope',
    tags: {},
    id: idOf('id1'),
    name: 'id1',
    type: 'Microsoft.ManagedIdentity/userAssignedIdentities',
    properties: {
      tenantId: simulator.tenantId,
      principalId: first.principalId,
      clientId: first.clientId,
    },
  });
});

test('ids come back with lower-case resourcegroups and are found in any case', async () => {
  const made = await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  expect(made.id).toContain('/resourcegroups/rg1/');
  expect((await client.userAssignedIdentities.get('RG1', 'ID1')).id).toBe(made.id);
});

test('a name that breaks the rule is refused', async () => {
  for (const name of ['ab', '-abc', 'a.bc', 'a'.repeat(129)])
    expect(
      await refusal(client.userAssignedIdentities.createOrUpdate('rg1', name, { location: 'westeurope' })),
    ).toMatchObject({
      status: 400,
      code: 'InvalidResourceName',
    });
  await client.userAssignedIdentities.createOrUpdate('rg1', `a${'_'.repeat(127)}`, {
    location: 'westeurope',
  });
});

test('the location is needed to create and cannot be changed', async () => {
  const path = `${idOf('id1')}?api-version=2024-11-30`;
  expect(await simulator.control.arm({ method: 'PUT', path, body: {} })).toMatchObject({
    status: 400,
    body: {
      error: { code: 'LocationRequired', message: 'The location property is required for this definition.' },
    },
  });
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  expect(
    await refusal(client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'eastus' })),
  ).toEqual({
    status: 409,
    code: 'InvalidResourceLocation',
    message:
      "The resource 'id1' already exists in location 'westeurope' in resource group 'rg1'. A resource with the same name cannot be created in location 'eastus'. Please select a new resource name.",
  });
});

test('PATCH replaces the tags by default and merges them with the knob; PUT replaces them', async () => {
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', {
    location: 'westeurope',
    tags: { a: '1' },
  });
  expect((await client.userAssignedIdentities.update('rg1', 'id1', { tags: { b: '2' } })).tags).toEqual({
    b: '2',
  });
  simulator.control.setKnobs({ identities: { patchTags: 'merge' } });
  expect((await client.userAssignedIdentities.update('rg1', 'id1', { tags: { c: '3' } })).tags).toEqual({
    b: '2',
    c: '3',
  });
  expect(
    (await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' })).tags,
  ).toEqual({});
});

test('PATCH sets the isolation scope and leaves the tags', async () => {
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', {
    location: 'westeurope',
    tags: { a: '1' },
  });
  const changed = await client.userAssignedIdentities.update('rg1', 'id1', { isolationScope: 'Regional' });
  expect(changed).toMatchObject({ isolationScope: 'Regional', tags: { a: '1' } });
});

test('assignment restrictions are kept for raw REST although the SDK drops them', async () => {
  const assignmentRestrictions = { providers: ['microsoft.compute'] };
  const path = `${idOf('id1')}?api-version=2026-05-31`;
  await simulator.control.arm({
    method: 'PUT',
    path,
    body: { location: 'westeurope', properties: { assignmentRestrictions } },
  });
  const { body } = await simulator.control.arm({ method: 'GET', path });
  expect(body).toMatchObject({ properties: { assignmentRestrictions } });
});

test('tag names with reserved characters are refused', async () => {
  expect(
    await refusal(
      client.userAssignedIdentities.createOrUpdate('rg1', 'id1', {
        location: 'westeurope',
        tags: { 'azid.dev/owner': 'x' },
      }),
    ),
  ).toEqual({
    status: 400,
    code: 'InvalidTagNameCharacters',
    message:
      "The tag names 'azid.dev/owner' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
  });
});

test('DELETE answers 200 with an empty body, then 204; GET then 404 in the words of ARM', async () => {
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  const statuses: [number, string | null | undefined][] = [];
  const options = {
    onResponse: (raw: { status: number; bodyAsText?: string | null }) =>
      statuses.push([raw.status, raw.bodyAsText]),
  };
  await client.userAssignedIdentities.delete('rg1', 'id1', options);
  await client.userAssignedIdentities.delete('rg1', 'id1', options);
  expect(statuses.map(([status, body]) => [status, body ?? ''])).toEqual([
    [200, ''],
    [204, ''],
  ]);
  const headers: (string | undefined)[] = [];
  const missing = client.userAssignedIdentities.get('rg1', 'id1', {
    onResponse: (raw) => headers.push(raw.headers.get('x-ms-failure-cause')),
  });
  expect(await refusal(missing)).toEqual({
    status: 404,
    code: 'ResourceNotFound',
    message:
      "The Resource 'Microsoft.ManagedIdentity/userAssignedIdentities/id1' under resource group 'rg1' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
  });
  expect(headers).toEqual(['gateway']);
});

test('a recycled identity keeps its id and gets a new principal; the old one is gone from the directory', async () => {
  const { id, principalId, clientId } = simulator.control.createIdentity({
    name: 'id1',
    resourceGroup: 'rg1',
    tags: { a: '1' },
  });
  const recycled = simulator.control.recycleIdentity({ id: id.toUpperCase() });
  expect(recycled.id).toBe(id);
  expect(recycled.principalId).not.toBe(principalId);
  expect(recycled.clientId).not.toBe(clientId);
  expect(await client.userAssignedIdentities.get('rg1', 'id1')).toMatchObject({
    principalId: recycled.principalId,
    tags: { a: '1' },
  });
  expect(simulator.control.restorePrincipal({ objectId: principalId })).toEqual({ restored: true });
});

test('a PUT too soon after a DELETE is refused as a pending delete when the knob says so', async () => {
  simulator.control.setKnobs({ identities: { pendingDeleteMs: 150_000 } });
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  await client.userAssignedIdentities.delete('rg1', 'id1');
  const put = () => client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  const refused = await refusal(put());
  expect(refused).toMatchObject({ status: 409, code: 'FailedIdentityOperation' });
  expect(refused.message).toContain(
    'is new, but resource already exists. This may be due to a pending delete operation, try again later',
  );
  clock.advance(150_000);
  await put();
});

test('lists by subscription and by group follow nextLink over pages', async () => {
  simulator.control.createResourceGroup({ name: 'rg2' });
  for (const [name, resourceGroup] of [
    ['id1', 'rg1'],
    ['id2', 'rg1'],
    ['id3', 'rg1'],
    ['id4', 'rg2'],
    ['id5', 'rg2'],
  ] as const)
    simulator.control.createIdentity({ name, resourceGroup });
  simulator.control.setKnobs({ paging: { pageSize: 2 } });
  const pages: string[][] = [];
  for await (const page of client.userAssignedIdentities.listBySubscription().byPage())
    pages.push(page.map(({ name = '' }) => name));
  expect(pages).toEqual([['id1', 'id2'], ['id3', 'id4'], ['id5']]);
  const inGroup: string[] = [];
  for await (const { name = '' } of client.userAssignedIdentities.listByResourceGroup('RG2'))
    inGroup.push(name);
  expect(inGroup).toEqual(['id4', 'id5']);
});

test('a list holds only what the caller may read, without an error', async () => {
  simulator.control.createResourceGroup({ name: 'rg2' });
  simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const { id } = simulator.control.createIdentity({ name: 'id2', resourceGroup: 'rg2' });
  const { objectId } = simulator.control.createPrincipal({ displayName: 'reader' });
  simulator.control.nameCaller({ objectId, name: 'reader' });
  simulator.control.grant({
    principalId: objectId,
    role: 'Reader',
    scope: `/subscriptions/${simulator.subscriptionId}/resourceGroups/rg2`,
  });
  const reader = await clientOf('reader');
  expect((await all(reader.userAssignedIdentities.listBySubscription())).map((each) => each.id)).toEqual([
    id,
  ]);
  expect(await all(reader.userAssignedIdentities.listByResourceGroup('rg1'))).toEqual([]);
});

test('a list lags behind writes and deletions, a GET does not', async () => {
  simulator.control.setKnobs({ propagation: { listLagMs: 20_000 } });
  const names = async () =>
    (await all(client.userAssignedIdentities.listBySubscription())).map((each) => each.name);
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  expect(await names()).toEqual([]);
  expect((await client.userAssignedIdentities.get('rg1', 'id1')).name).toBe('id1');
  clock.advance(20_000);
  expect(await names()).toEqual(['id1']);
  await client.userAssignedIdentities.delete('rg1', 'id1');
  expect(await names()).toEqual(['id1']);
  simulator.control.settle();
  expect(await names()).toEqual([]);
});

test('a GET may answer 404 for a while after 201, and other writes see the identity all the same', async () => {
  simulator.control.setKnobs({ propagation: { readAfterWriteMs: 3_000 } });
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  const get = () => client.userAssignedIdentities.get('rg1', 'id1');
  expect(await refusal(get())).toMatchObject({ status: 404, code: 'ResourceNotFound' });
  await client.userAssignedIdentities.update('rg1', 'id1', { tags: { a: '1' } });
  clock.advance(3_000);
  expect((await get()).tags).toEqual({ a: '1' });
});

test('deleting a resource group takes its identities with it', async () => {
  const { id } = simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  expect(simulator.control.deleteResourceGroup({ name: 'rg1' })).toEqual({ deleted: true });
  expect(await refusal(client.userAssignedIdentities.get('rg1', 'id1'))).toEqual({
    status: 404,
    code: 'ResourceGroupNotFound',
    message: "Resource group 'rg1' could not be found.",
  });
  simulator.control.createResourceGroup({ name: 'rg1' });
  expect(await refusal(client.userAssignedIdentities.get('rg1', 'id1'))).toMatchObject({
    code: 'ResourceNotFound',
  });
  expect(simulator.control.identities()).not.toContainEqual(expect.objectContaining({ id }));
});

test('listAssociatedResources answers a count of nothing, with $top=0 too; a missing identity is 404', async () => {
  const { id } = simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const call = (query: string, at = id) =>
    simulator.control.arm({
      method: 'POST',
      path: `${at}/listAssociatedResources?${query}api-version=2021-09-30-preview`,
    });
  expect(await call('')).toMatchObject({ status: 200, body: { totalCount: 0, value: [] } });
  expect(await call('$top=0&')).toMatchObject({ status: 200, body: { totalCount: 0, value: [] } });
  expect(await call('', idOf('absent'))).toMatchObject({ status: 404 });
});

test('a resource without a system-assigned identity answers 404 at identities/default', async () => {
  expect(
    await refusal(
      client.systemAssignedIdentities.getByScope(
        `subscriptions/${simulator.subscriptionId}/resourceGroups/rg1`,
      ),
    ),
  ).toMatchObject({ status: 404 });
});
