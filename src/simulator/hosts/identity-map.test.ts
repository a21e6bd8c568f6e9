/** Simulator rows 20 and 21 over the wire: what `identity` does, and what is refused. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from './stage.fixture.ts';

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

const patch = (identity: unknown, host = vm) => stage.call('PATCH', host, { body: { identity } });
const code = (answer: { readonly status: number; readonly body: { error: { code: string } } }) => [
  answer.status,
  answer.body.error?.code,
];
const BOTH = 'SystemAssigned, UserAssigned';

test('row 20: leaving SystemAssigned out deletes the system identity, putting it back gives a new principal', async () => {
  await patch({ type: BOTH, userAssignedIdentities: { [id1]: {} } });
  const first = (await stage.call('GET', vm)).body.identity;
  expect(first).toMatchObject({ type: BOTH, tenantId: stage.simulator.tenantId });
  await patch({ type: 'UserAssigned', userAssignedIdentities: { [id2]: {} } });
  expect((await stage.call('GET', vm)).body.identity).not.toHaveProperty('principalId');
  expect(stage.control.deletePrincipal({ objectId: first.principalId })).toEqual({ deleted: false });
  await patch({ type: BOTH });
  const again = (await stage.call('GET', vm)).body.identity;
  expect(again.principalId).not.toBe(first.principalId);
  expect(Object.keys(again.userAssignedIdentities)).toEqual([id1, id2]);
  await patch({ type: BOTH, userAssignedIdentities: { [id1]: null } });
  expect((await stage.call('GET', vm)).body.identity.principalId).toBe(again.principalId);
});

test('row 20: SystemAssigned alone drops all user-assigned ones, with null for the map too; None drops everything', async () => {
  await patch({ type: BOTH, userAssignedIdentities: { [id1]: {}, [id2]: {} } });
  await patch({ type: 'SystemAssigned', userAssignedIdentities: null });
  const { system, attached } = stage.control.host({ id: vm });
  expect([system?.tenantId, attached]).toEqual([stage.simulator.tenantId, []]);
  await patch({ type: 'None' });
  expect((await stage.call('GET', vm)).body).not.toHaveProperty('identity');
});

test('row 20: PUT replaces the map and everything else', async () => {
  await patch({ type: BOTH, userAssignedIdentities: { [id1]: {} } });
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [id2]: {} } };
  await stage.call('PUT', vm, { body: { location: 'westeurope', tags: { a: '1' }, identity } });
  expect(stage.control.host({ id: vm })).toMatchObject({ tags: { a: '1' }, properties: {}, system: null });
  expect(stage.control.host({ id: vm }).attached.map(({ id }) => id)).toEqual([id2]);
});

test('row 21: values echoed from GET are InvalidIdentityValues', async () => {
  await patch({ type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } });
  const { userAssignedIdentities } = (await stage.call('GET', vm)).body.identity;
  expect(await patch({ type: 'UserAssigned', userAssignedIdentities })).toMatchObject({
    status: 400,
    body: {
      error: {
        code: 'InvalidIdentityValues',
        message: `Invalid value for the identities '${id1}'. The 'UserAssignedIdentities' property keys should only be empty json objects, null or the resource exisiting property.`,
      },
    },
  });
});

test('row 21: a key in another case than GET shows is refused by types that are strict, by default AKS', async () => {
  const given = { type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } };
  const aks = stage.control.createHost({
    type: 'Microsoft.ContainerService/managedClusters',
    name: 'aks',
    resourceGroup: 'rg1',
    identity: given,
  }).id;
  const shown = Object.keys((await stage.call('GET', aks)).body.identity.userAssignedIdentities);
  expect(shown).toEqual([id1.replace('/resourceGroups/', '/resourcegroups/')]);
  const put = (key: string) =>
    stage.call('PUT', aks, {
      body: {
        location: 'westeurope',
        identity: { type: 'UserAssigned', userAssignedIdentities: { [key]: {} } },
      },
    });
  expect(code(await put(id1.toUpperCase().replace('/SUBSCRIPTIONS/', '/subscriptions/')))).toEqual([
    400,
    'InvalidIdentityValues',
  ]);
  expect((await put(shown[0] ?? '')).status).toBe(200);
  // A virtual machine accepts it, unless a knob is set.
  await patch(given);
  const loud = { type: 'UserAssigned', userAssignedIdentities: { [id1.toUpperCase()]: null, [id2]: {} } };
  stage.control.setKnobs({ hosts: { strictKeyCase: [VM] } });
  expect(code(await patch(loud))).toEqual([400, 'InvalidIdentityValues']);
  stage.control.setKnobs({ hosts: { strictKeyCase: [] } });
  expect((await patch(loud)).status).toBe(200);
  expect(stage.control.host({ id: vm }).attached.map(({ id }) => id)).toEqual([id2]);
});

test('row 21: UserAssigned with an empty map, or with none left, is MissingIdentityIds', async () => {
  expect(code(await patch({ type: 'UserAssigned', userAssignedIdentities: {} }))).toEqual([
    400,
    'MissingIdentityIds',
  ]);
  expect(code(await patch({ type: BOTH }))).toEqual([400, 'MissingIdentityIds']);
  await patch({ type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } });
  const last = { type: BOTH, userAssignedIdentities: { [id1]: null } };
  expect(code(await patch(last))).toEqual([400, 'MissingIdentityIds']);
});

test('row 21: what a type cannot have is refused: Logic both, AKS two, Windows containers any, Flexible a system one', async () => {
  const make = (type: string, name: string, properties = {}) =>
    stage.control.createHost({ type, name, resourceGroup: 'rg1', properties }).id;
  const put = (id: string, identity: unknown, options: { version?: string; properties?: unknown } = {}) =>
    stage.call('PUT', id, { body: { location: 'westeurope', identity, ...options }, ...options });
  const two = { type: 'UserAssigned', userAssignedIdentities: { [id1]: {}, [id2]: {} } };
  const both = { type: BOTH, userAssignedIdentities: { [id1]: {} } };

  const logic = make('Microsoft.Logic/workflows', 'logic');
  expect(code(await put(logic, both))).toEqual([400, 'InvalidIdentityType']);
  expect((await put(logic, two)).status).toBe(200);

  const aks = make('Microsoft.ContainerService/managedClusters', 'aks');
  expect(code(await put(aks, two))).toEqual([400, 'InvalidUserAssignedIdentities']);
  expect(code(await put(aks, both))).toEqual([400, 'InvalidIdentityType']);

  const windows = make('Microsoft.ContainerInstance/containerGroups', 'aci', { osType: 'Windows' });
  const properties = { osType: 'Windows' };
  expect(code(await put(windows, two, { properties }))).toEqual([400, 'IdentityNotSupportedOnWindows']);
  const old = { version: '2021-03-01', properties };
  expect(code(await put(windows, { type: 'None' }, old))).toEqual([400, 'IdentityNotSupportedOnWindows']);
  expect((await put(windows, { type: 'None' }, { properties })).status).toBe(201);

  const flexible = make(SCALE_SET, 'flex', { orchestrationMode: 'Flexible' });
  expect(code(await patch({ type: 'SystemAssigned' }, flexible))).toEqual([400, 'InvalidParameter']);
  expect((await patch(two, flexible)).status).toBe(200);
  expect(code(await put(flexible, { type: 'SystemAssigned' }))).toEqual([400, 'InvalidParameter']);
  const uniform = make(SCALE_SET, 'uniform');
  expect((await patch(both, uniform)).status).toBe(200);
  expect(stage.control.host({ id: uniform }).system).not.toBeNull();
});

test('row 22: API Management answers success to SystemAssigned and keeps what was attached; by knob it does not', async () => {
  const api = stage.control.createHost({
    type: 'Microsoft.ApiManagement/service',
    name: 'api',
    resourceGroup: 'rg1',
    identity: { type: BOTH, userAssignedIdentities: { [id1]: {}, [id2]: {} } },
  }).id;
  expect((await patch({ type: 'SystemAssigned' }, api)).status).toBe(202);
  expect(stage.control.host({ id: api }).attached).toHaveLength(2);
  await patch({ type: BOTH, userAssignedIdentities: { [id1]: null } }, api);
  expect(stage.control.host({ id: api }).attached.map(({ id }) => id)).toEqual([id2]);
  stage.control.setKnobs({ hosts: { keepsRemoved: [] } });
  await patch({ type: 'SystemAssigned' }, api);
  expect(stage.control.host({ id: api }).attached).toEqual([]);
});
