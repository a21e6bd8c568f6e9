/** docs/azure-facts.md section 16.9: what Azure was recorded to answer to writes of resources that carry identities. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from './stage.fixture.ts';

const CONTAINERS = 'Microsoft.ContainerInstance/containerGroups';
const CLUSTER = 'Microsoft.ContainerService/managedClusters';
const SITE = 'Microsoft.Web/sites';
const STORAGE = 'Microsoft.Storage/storageAccounts';

let stage: HostStage;
let id1: string;
let id2: string;

beforeEach(async () => {
  stage = await startHostStage();
  id1 = stage.identity('id1');
  id2 = stage.identity('id2');
});
afterEach(() => stage[Symbol.asyncDispose]());

const user = (...ids: string[]) => ({
  type: 'UserAssigned',
  userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])),
});
const put = (id: string, identity?: unknown, more: object = {}) =>
  stage.call('PUT', id, { body: { location: 'westus', ...more, ...(identity ? { identity } : {}) } });
const make = (type: string, identity?: { type: string }) =>
  stage.control.createHost({
    type,
    name: 'h',
    resourceGroup: 'rg1',
    location: 'westus',
    ...(identity && { identity }),
  }).id;
const takes = (ms: number, area: string) =>
  stage.control.setKnobs({
    latencyMs: { [`${area}.update.operation`]: ms, [`${area}.createOrUpdate.operation`]: ms },
  });

describe.each([
  [VM, 'virtualMachines', 'PATCH'],
  [SCALE_SET, 'virtualMachineScaleSets', 'PATCH'],
  [CLUSTER, 'managedClusters', 'PUT'],
] as const)('%s', (type, area, method) => {
  const write = (id: string, identity: unknown) =>
    method === 'PUT' ? put(id, identity) : stage.call('PATCH', id, { body: { identity } });

  test('answers with the new state; entries that are new have no ids until the operation ends', async () => {
    const id = make(type, user(id1));
    takes(15_000, area);
    const both =
      method === 'PUT' ? user(id2) : { ...user(id2), userAssignedIdentities: { [id2]: {}, [id1]: null } };
    const answer = await write(id, both);
    expect(answer).toMatchObject({ status: 200, body: { properties: { provisioningState: 'Updating' } } });
    expect(answer.headers['azure-asyncoperation']).toBeDefined();
    expect(Object.values(answer.body.identity.userAssignedIdentities)).toEqual([{}]);
    expect((await stage.call('GET', id)).body.identity).toEqual(answer.body.identity);
    stage.clock.advance(15_000);
    const [entry] = Object.values((await stage.call('GET', id)).body.identity.userAssignedIdentities);
    expect(entry).toEqual({ principalId: expect.any(String), clientId: expect.any(String) });
  });

  test('entries that were there keep their ids while the operation runs', async () => {
    if (method === 'PUT') return; // AKS has one at most.
    const id = make(type, user(id1));
    takes(15_000, area);
    const { body } = await write(id, user(id2));
    expect(Object.values(body.identity.userAssignedIdentities)).toEqual([
      { principalId: expect.any(String), clientId: expect.any(String) },
      {},
    ]);
  });

  test('shows a new system-assigned principal at once, and it stays the same', async () => {
    const id = make(type);
    takes(15_000, area);
    const { body } = await write(id, { type: 'SystemAssigned' });
    expect(body.identity.principalId).toEqual(expect.any(String));
    stage.clock.advance(15_000);
    expect((await stage.call('GET', id)).body.identity).toEqual(body.identity);
  });

  test('shows no identity as soon as None is asked', async () => {
    const id = make(type, user(id1));
    takes(15_000, area);
    expect((await write(id, { type: 'None' })).body).not.toHaveProperty('identity');
  });
});

test('a virtual machine’s answer has the new tags and properties, too', async () => {
  const id = make(VM);
  takes(15_000, 'virtualMachines');
  const patch = { tags: { team: 'a' }, properties: { hardwareProfile: { vmSize: 'Standard_E2s_v5' } } };
  expect((await stage.call('PATCH', id, { body: patch })).body).toMatchObject(patch);
  expect((await stage.call('GET', id)).body).toMatchObject(patch);
  // The control endpoint shows what is in effect.
  expect(stage.control.host({ id })).toMatchObject({ tags: {}, busy: true });
});

test('a list that does not lag shows the new state, too', async () => {
  const id = make(VM);
  takes(15_000, 'virtualMachines');
  await stage.call('PATCH', id, { body: { identity: user(id1) } });
  const { body } = await stage.call('GET', `${stage.group}/providers/${VM}`);
  expect(body.value[0].identity.userAssignedIdentities).toEqual({ [id1]: {} });
});

test('a container group is Pending at first, shows ids at once and the tenant beside user-assigned identities', async () => {
  takes(15_000, 'containerGroups');
  const answer = await put(stage.id(CONTAINERS, 'h'), user(id1));
  expect(answer).toMatchObject({
    status: 201,
    body: {
      identity: {
        tenantId: stage.simulator.tenantId,
        userAssignedIdentities: { [id1]: { principalId: expect.any(String) } },
      },
      properties: { provisioningState: 'Pending' },
    },
  });
});

test('a site is put with 200, body and ETag, its location as people say it, and without tags where there are none', async () => {
  const id = stage.id(SITE, 'h');
  const answer = await put(id, { type: 'SystemAssigned' });
  expect(answer).toMatchObject({
    status: 200,
    body: { location: 'West US', identity: { type: 'SystemAssigned' } },
  });
  expect(answer.headers.etag).toEqual(expect.any(String));
  expect(answer.headers.location).toBeUndefined();
  expect(answer.body).not.toHaveProperty('tags');
  expect((await stage.call('GET', id)).headers.etag).toBeUndefined();
  // The generic list is Resource Manager's own: short names.
  const { body } = await stage.call('GET', `${stage.group}/resources`);
  expect(body.value).toContainEqual(expect.objectContaining({ name: 'h', location: 'westus' }));
  expect((await put(id, undefined, { tags: { team: 'a' } })).body.tags).toEqual({ team: 'a' });
});

test('a cluster is spelt in AKS’ own way, made by 201, changed by 200, and deleted with both headers', async () => {
  const id = stage.id(CLUSTER, 'h');
  expect((await put(id, user(id1))).status).toBe(201);
  const { status, body, headers } = await put(id, user(id1));
  expect(status).toBe(200);
  expect(headers.etag).toBeUndefined();
  expect(body).toMatchObject({
    id: id.replace('/resourceGroups/', '/resourcegroups/'),
    type: 'Microsoft.ContainerService/ManagedClusters',
    eTag: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
  });
  expect((await put(id, user(id2))).body.eTag).not.toBe((await stage.call('GET', id)).body.eTag);
  const gone = await stage.call('DELETE', id);
  expect(gone.status).toBe(202);
  expect([gone.headers['azure-asyncoperation'], gone.headers.location]).toEqual([
    expect.any(String),
    expect.any(String),
  ]);
});

describe(STORAGE, () => {
  test('is made with 202, without body, with a Location', async () => {
    takes(15_000, 'storageAccounts');
    const id = stage.id(STORAGE, 'h');
    const answer = await put(id, user(id1), { sku: { name: 'Standard_LRS' } });
    expect([answer.status, answer.body]).toEqual([202, undefined]);
    expect((await stage.call('GET', answer.headers.location ?? '')).status).toBe(202);
    stage.clock.advance(15_000);
    expect(await stage.call('GET', answer.headers.location ?? '')).toMatchObject({
      status: 200,
      body: { id, identity: { type: 'UserAssigned' } },
    });
  });

  test('keeps its identity on a PUT that does not name it, and says None once it was taken away', async () => {
    const id = make(STORAGE, user(id1));
    expect(await put(id, undefined, { tags: { team: 'a' } })).toMatchObject({
      status: 200,
      body: { identity: user(id1), tags: { team: 'a' } },
    });
    expect((await put(id, { type: 'None' })).body.identity).toEqual({ type: 'None' });
    expect((await stage.call('GET', id)).body.identity).toEqual({ type: 'None' });
  });

  test('shows no identity before any was named', async () => {
    expect((await stage.call('GET', make(STORAGE))).body).not.toHaveProperty('identity');
  });
});

test('a new federated credential is answered with a relative Location, a role definition’s maker only in the next read', async () => {
  const credential = `${id1}/federatedIdentityCredentials/fic1`;
  const properties = { issuer: 'https://issuer.example', subject: 's', audiences: ['a'] };
  const made = await stage.call('PUT', credential, { body: { properties } });
  expect(made).toMatchObject({ status: 201, headers: { location: made.body.id } });
  expect(made.body.id).toMatch(/^\/subscriptions\//);
  expect((await stage.call('PUT', credential, { body: { properties } })).headers.location).toBeUndefined();
  const role = `${stage.group}/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-4000-8000-000000000001`;
  const definition = { roleName: 'Mine', assignableScopes: [stage.group], permissions: [{ actions: ['*'] }] };
  const written = await stage.call('PUT', role, {
    body: { properties: definition },
    version: '2022-04-01',
  });
  expect(written).toMatchObject({ status: 201, body: { properties: { createdBy: null } } });
  const read = await stage.call('GET', role, { version: '2022-04-01' });
  expect(read.body.properties.createdBy).toEqual(expect.any(String));
});
