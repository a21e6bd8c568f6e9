/** Simulator row 22: each type of docs/azure-facts.md section 7, in its own spelling, method and form of answer. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, SCALE_SET, startHostStage, VM } from './stage.fixture.ts';
import { HOST_TYPES } from './types.ts';

let stage: HostStage;
let id1: string;

beforeEach(async () => {
  stage = await startHostStage();
  id1 = stage.identity('id1');
});
afterEach(() => stage[Symbol.asyncDispose]());

interface Row {
  readonly type: string;
  readonly name: string;
  readonly method: 'PATCH' | 'PUT';
  /** null: it can have one kind only. */
  readonly spelling: 'SystemAssigned, UserAssigned' | 'SystemAssigned,UserAssigned' | null;
  readonly status: number;
  readonly follow?: 'azure-asyncoperation' | 'location';
}

const ROWS: readonly Row[] = [
  {
    type: VM,
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
    follow: 'azure-asyncoperation',
  },
  {
    type: SCALE_SET,
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
    follow: 'azure-asyncoperation',
  },
  {
    type: 'Microsoft.Web/sites',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
  },
  {
    type: 'Microsoft.Web/sites/slots',
    name: 'app/staging',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
  },
  { type: 'Microsoft.Logic/workflows', name: 'h', method: 'PUT', spelling: null, status: 200 },
  {
    type: 'Microsoft.ContainerInstance/containerGroups',
    name: 'h',
    method: 'PUT',
    spelling: 'SystemAssigned, UserAssigned',
    status: 201,
    follow: 'azure-asyncoperation',
  },
  {
    type: 'Microsoft.App/containerApps',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned,UserAssigned',
    status: 202,
    follow: 'location',
  },
  {
    type: 'Microsoft.ContainerService/managedClusters',
    name: 'h',
    method: 'PUT',
    spelling: null,
    status: 200,
    follow: 'azure-asyncoperation',
  },
  {
    type: 'Microsoft.Storage/storageAccounts',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned,UserAssigned',
    status: 200,
  },
  {
    type: 'Microsoft.DataFactory/factories',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned,UserAssigned',
    status: 200,
  },
  {
    type: 'Microsoft.ApiManagement/service',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 202,
    follow: 'location',
  },
  {
    type: 'Microsoft.Automation/automationAccounts',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
  },
  {
    type: 'Microsoft.CognitiveServices/accounts',
    name: 'h',
    method: 'PATCH',
    spelling: 'SystemAssigned, UserAssigned',
    status: 200,
  },
];

describe.each(ROWS)('row 22: $type', ({ type, name, method, spelling, status, follow }) => {
  const make = () => {
    if (name.includes('/'))
      stage.control.createHost({ type: 'Microsoft.Web/sites', name: 'app', resourceGroup: 'rg1' });
    return stage.control.createHost({ type, name, resourceGroup: 'rg1', tags: { team: 'a' } }).id;
  };
  // AKS spells its own ids with a small g.
  const shown = (id: string) =>
    type.endsWith('/managedClusters') ? id.replace('/resourceGroups/', '/resourcegroups/') : id;
  const given = () => ({
    type: spelling === null ? 'UserAssigned' : 'userassigned , SYSTEMASSIGNED',
    userAssignedIdentities: { [id1]: {} },
  });

  test(`${method} attaches, in the type's form and spelling`, async () => {
    const id = make();
    const body = { ...(method === 'PUT' && { location: 'westeurope' }), identity: given() };
    const answer = await stage.call(method, id, { body });
    expect(answer.status).toBe(status);
    for (const header of ['azure-asyncoperation', 'location'] as const)
      expect(answer.headers[header] !== undefined).toBe(header === follow);
    if (follow) {
      const end = await stage.call('GET', answer.headers[follow] ?? '');
      expect(end).toMatchObject({
        status: 200,
        body: follow === 'location' ? { id } : { status: 'Succeeded' },
      });
    }
    const { identity } = (await stage.call('GET', id)).body;
    expect(identity.type).toBe(spelling ?? 'UserAssigned');
    expect(identity.principalId !== undefined).toBe(spelling !== null);
    expect(Object.keys(identity.userAssignedIdentities).map((key) => key.toLowerCase())).toEqual([
      id1.toLowerCase(),
    ]);
  });

  test('its list shows it', async () => {
    const id = make();
    const collection = id.split('/').slice(0, -1).join('/');
    expect((await stage.call('GET', collection)).body.value).toMatchObject([
      { id: shown(id), tags: { team: 'a' } },
    ]);
    const whole = `/subscriptions/${stage.simulator.subscriptionId}/providers/${type}`;
    const all = await stage.call('GET', whole);
    // Slots are listed by their site alone.
    if (name.includes('/')) expect(all.status).toBe(404);
    else expect(all.body.value).toMatchObject([{ id: shown(id) }]);
  });
});

test.each(ROWS.filter(({ method }) => method === 'PUT'))(
  'PATCH of $type changes no identity',
  async ({ type }) => {
    const id = stage.control.createHost({ type, name: 'h', resourceGroup: 'rg1', tags: { team: 'a' } }).id;
    const identity = { type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } };
    const answer = await stage.call('PATCH', id, { body: { identity, tags: { team: 'b' } } });
    expect(answer.status).toBeLessThan(300);
    expect(stage.control.host({ id })).toMatchObject({
      attached: [],
      system: null,
      tags: { team: type === 'Microsoft.Logic/workflows' ? 'a' : 'b' },
    });
  },
);

test('every type of the table has a row here', () => {
  expect(ROWS.map(({ type }) => type)).toEqual(expect.arrayContaining(HOST_TYPES.map(({ type }) => type)));
});

test('row 22: the key case on read is the type’s own, and a knob', async () => {
  const host = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  const sent = id1.replace('/id1', '/ID1');
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [sent]: {} } };
  await stage.call('PATCH', host, { body: { identity } });
  const keys = async () => Object.keys((await stage.call('GET', host)).body.identity.userAssignedIdentities);
  expect(await keys()).toEqual([sent]);
  stage.control.setKnobs({ hosts: { keyCase: { [VM]: 'lower' } } });
  expect(await keys()).toEqual([sent.toLowerCase()]);
  stage.control.setKnobs({ hosts: { keyCase: { [VM]: 'resourceGroups' } } });
  expect(await keys()).toEqual([sent.replace(/\/resourcegroups\//i, '/resourceGroups/')]);
});

test('a site may answer 202 and name no operation', async () => {
  stage.control.setKnobs({
    hosts: { siteWriteStatus: 202 },
    latencyMs: { 'sites.update.operation': 5_000 },
  });
  const app = stage.control.createHost({ type: 'Microsoft.Web/sites', name: 'app', resourceGroup: 'rg1' }).id;
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [id1]: {} } };
  const answer = await stage.call('PATCH', app, { body: { identity } });
  expect([answer.status, answer.headers.location, answer.headers['azure-asyncoperation']]).toEqual([
    202,
    undefined,
    undefined,
  ]);
  const busy = await stage.call('PATCH', app, { body: { identity } });
  expect(busy).toMatchObject({ status: 409, body: { error: { code: 'Conflict' } } });
  expect(busy.body.error.message).toMatch(
    /^Cannot modify this site because another operation is in progress\. Details: Id: .+, OperationName: sites\.update, CreatedTime: 2026-/,
  );
  stage.clock.advance(5_000);
  expect(stage.control.host({ id: app })).toMatchObject({ attached: [{ id: id1 }], restarts: 1 });
});

test('an automation account of an old api-version does not know identity in PATCH', async () => {
  const type = 'Microsoft.Automation/automationAccounts';
  const account = stage.control.createHost({ type, name: 'auto', resourceGroup: 'rg1' }).id;
  const body = { identity: { type: 'SystemAssigned' } };
  expect((await stage.call('PATCH', account, { body, version: '2020-01-13-preview' })).status).toBe(200);
  expect(stage.control.host({ id: account }).system).toBeNull();
});

test('a type that is not in the table is not simulated before a resource of it is made', async () => {
  const path = `${stage.group}/providers/Microsoft.CognitiveServices/accounts/a`;
  expect(await stage.call('GET', path)).toMatchObject({
    status: 501,
    body: { error: { code: 'NotSimulated' } },
  });
  stage.control.createHost({ id: path, apiVersions: ['2025-06-01'] });
  expect((await stage.call('GET', path, { version: '2025-06-01' })).status).toBe(200);
  const provider = `/subscriptions/${stage.simulator.subscriptionId}/providers/Microsoft.CognitiveServices`;
  expect((await stage.call('GET', provider, { version: '2021-04-01' })).body).toMatchObject({
    namespace: 'Microsoft.CognitiveServices',
    resourceTypes: [{ resourceType: 'accounts', apiVersions: ['2025-06-01'] }],
  });
});

test('PUT loses what it leaves out, beside the properties too; PATCH merges', async () => {
  const vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1', extra: { zones: ['1'] } }).id;
  const { body } = await stage.call('GET', vm);
  expect(body.zones).toEqual(['1']);
  const patch = { properties: { hardwareProfile: { vmSize: 'big' }, vmId: 'forged' } };
  await stage.call('PATCH', vm, { body: patch });
  expect(stage.control.host({ id: vm })).toMatchObject({
    extra: { zones: ['1'] },
    properties: { hardwareProfile: { vmSize: 'big' }, storageProfile: {} },
  });
  expect((await stage.call('GET', vm)).body.properties.vmId).toBe(body.properties.vmId);
  await stage.call('PUT', vm, { body });
  expect((await stage.call('GET', vm)).body).toMatchObject({ zones: ['1'], properties: body.properties });
  await stage.call('PUT', vm, { body: { location: 'westeurope' } });
  expect(stage.control.host({ id: vm })).toMatchObject({ extra: {}, properties: {} });
});

test('what GET hides is lost by GET, modify, PUT', async () => {
  const type = 'Microsoft.ContainerInstance/containerGroups';
  const environmentVariables = [
    { name: 'PLAIN', value: 'a' },
    { name: 'SECRET', secureValue: 'b' },
  ];
  const properties = { containers: [{ name: 'web', properties: { environmentVariables } }] };
  const group = stage.control.createHost({ type, name: 'aci', resourceGroup: 'rg1', properties }).id;
  const { body } = await stage.call('GET', group);
  expect(JSON.stringify(body)).not.toContain('secureValue');
  await stage.call('PUT', group, { body: { ...body, identity: { type: 'SystemAssigned' } } });
  expect(stage.control.host({ id: group }).properties).toMatchObject({
    containers: [
      { properties: { environmentVariables: [{ name: 'PLAIN', value: 'a' }, { name: 'SECRET' }] } },
    ],
  });
  expect(JSON.stringify(stage.control.host({ id: group }))).not.toContain('secureValue');
  stage.control.setKnobs({ hosts: { refusesReadOnly: [type] } });
  expect((await stage.call('PUT', group, { body })).body.error.message).toBe(
    "The property 'properties.provisioningState' is read-only and cannot be set.",
  );
});
