import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const PATH = '/providers/Microsoft.ResourceGraph/resources';

function ask(query: string, given: { readonly [name: string]: unknown } = {}, caller?: string) {
  return stage.call('POST', PATH, {
    body: { query, ...given },
    version: '2022-10-01',
    ...(caller !== undefined && { caller }),
  });
}

const VMS = "resources | where type =~ 'microsoft.compute/virtualMachines'";

function attachedVm(name: string): { readonly vm: string; readonly identity: string } {
  const identity = stage.identity(`id-of-${name}`);
  const vm = stage.control.createHost({
    name,
    resourceGroup: 'rg1',
    identity: { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } },
  }).id;
  return { vm, identity };
}

test('resources have the columns of every table: type and group in lower case, the identity as the provider shows it', async () => {
  const { vm, identity } = attachedVm('vm1');
  const answer = await ask(VMS);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ totalRecords: 1, count: 1, resultTruncated: 'false', facets: [] });
  expect(answer.body.data[0]).toMatchObject({
    id: vm,
    name: 'vm1',
    type: 'microsoft.compute/virtualmachines',
    resourceGroup: 'rg1',
    subscriptionId: stage.simulator.subscriptionId,
    tenantId: stage.simulator.tenantId,
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: { [identity]: { clientId: expect.any(String) } },
    },
  });
  const table = await ask(`${VMS} | project id, identity`, { options: { resultFormat: 'table' } });
  expect(table.body.data.columns).toEqual([
    { name: 'id', type: 'string' },
    { name: 'identity', type: 'object' },
  ]);
  expect(table.body.data.rows[0][0]).toBe(vm);
});

test('it answers from a copy that is behind, whether something came, changed or went', async () => {
  stage.control.setKnobs({ propagation: { resourceGraphLagMs: 60_000 } });
  const { vm } = attachedVm('vm1');
  const names = async () => (await ask(`${VMS} | project name`)).body.data;
  expect(await names()).toEqual([]);
  stage.clock.advance(60_000);
  expect(await names()).toEqual([{ name: 'vm1' }]);
  stage.control.deleteHost({ id: vm });
  expect(await names()).toEqual([{ name: 'vm1' }]);
  stage.control.settle();
  expect(await names()).toEqual([]);
});

test('assignments are in authorizationresources, as the service answers them; credentials and principals nowhere', async () => {
  const id = stage.identity('app');
  const principalId = stage.control.identities()[0]?.principalId ?? '';
  const { id: assignment } = stage.control.grant({ principalId, role: 'Reader', scope: stage.group });
  await stage.call('PUT', `${id}/federatedIdentityCredentials/c1`, {
    body: { properties: { issuer: 'https://i.example', subject: 's', audiences: ['a'] } },
  });
  const rows = await ask(
    "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | where tostring(properties.principalId) == '" +
      `${principalId}' | project id, type = tostring(properties.principalType)`,
  );
  expect(rows.body.data).toEqual([{ id: assignment, type: 'ServicePrincipal' }]);
  expect((await ask('resources | project id')).body.data).toEqual([{ id }]);
  stage.control.dropRights({ principalId });
  expect((await ask(`authorizationresources | where id =~ '${assignment}'`)).body.data).toEqual([]);
});

test('identities of policy assignments are in policyresources', async () => {
  const id = stage.identity('app');
  const path = `${stage.group}/providers/Microsoft.Authorization/policyAssignments/p1`;
  const definition = `/subscriptions/${stage.simulator.subscriptionId}/providers/Microsoft.Authorization/policyDefinitions/d1`;
  const rule = Object.fromEntries([
    ['if', { field: 'type', equals: 'x' }],
    ['then', { effect: 'audit' }],
  ]);
  await stage.call('PUT', definition, {
    version: '2023-04-01',
    body: { properties: { mode: 'All', policyType: 'Custom', policyRule: rule } },
  });
  const made = await stage.call('PUT', path, {
    version: '2024-04-01',
    body: {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [id]: {} } },
      properties: { policyDefinitionId: definition },
    },
  });
  expect(made).toMatchObject({ status: 201, body: { identity: { type: 'UserAssigned' } } });
  const query =
    'policyresources | where isnotempty(identity.userAssignedIdentities) | project id, keys = bag_keys(identity.userAssignedIdentities)';
  expect((await ask(query)).body.data).toEqual([{ id: path, keys: [id] }]);
  await stage.call('DELETE', path, { version: '2024-04-01' });
  expect((await ask(query)).body.data).toEqual([]);
});

describe('what the caller may read', () => {
  test('is all that is shown; subscriptions without rights are left out without an error', async () => {
    attachedVm('vm1');
    const other = '11111111-0000-4000-8000-000000000001';
    stage.control.createSubscription({ id: other });
    stage.control.createResourceGroup({ name: 'rg2', subscriptionId: other });
    const elsewhere = stage.control.createIdentity({
      name: 'far',
      resourceGroup: 'rg2',
      subscriptionId: other,
    }).id;
    const { objectId } = stage.control.createPrincipal({ displayName: 'reader' });
    stage.control.nameCaller({ objectId, name: 'reader' });
    const shown = async () =>
      (await ask('project id | order by id asc', {}, 'reader')).body.data.map(({ id }: { id: string }) => id);
    expect(await shown()).toEqual([]);
    stage.control.grant({ principalId: objectId, role: 'Managed Identity Contributor', scope: stage.group });
    // No right to read virtual machines.
    expect(await shown()).toEqual([expect.stringContaining('id-of-vm1')]);
    stage.control.grant({ principalId: objectId, role: 'Reader', scope: `/subscriptions/${other}` });
    expect(await shown()).toContain(elsewhere);
    expect((await ask('project id', { subscriptions: [other] }, 'reader')).body.data).toEqual([
      { id: elsewhere },
    ]);
  });

  test('of another tenant nothing is', async () => {
    const other = '11111111-0000-4000-8000-000000000001';
    stage.control.createSubscription({ id: other, tenantId: '11111111-0000-4000-8000-00000000000f' });
    stage.control.createResourceGroup({ name: 'rg2', subscriptionId: other });
    stage.control.createIdentity({ name: 'far', resourceGroup: 'rg2', subscriptionId: other });
    expect((await ask('project id')).body.data).toEqual([]);
  });
});

describe('pages', () => {
  beforeEach(() => {
    for (const name of ['aaa', 'bbb', 'ccc']) stage.identity(name);
    stage.control.setKnobs({ resourceGraph: { pageSize: 2 } });
  });
  const QUERY = 'resources | project name | order by name asc';

  test('go on with a token, which is of its query alone', async () => {
    const first = await ask(QUERY);
    expect(first.body).toMatchObject({
      totalRecords: 3,
      count: 2,
      data: [{ name: 'aaa' }, { name: 'bbb' }],
      resultTruncated: 'false',
      $skipToken: expect.any(String),
    });
    const options = { $skipToken: first.body.$skipToken };
    const second = await ask(QUERY, { options });
    expect(second.body).toMatchObject({ count: 1, data: [{ name: 'ccc' }], resultTruncated: 'false' });
    expect(second.body.$skipToken).toBeUndefined();
    expect((await ask('resources | project id', { options })).status).toBe(400);
  });

  test.each([
    ['a query with a limit', 'resources | project name | limit 3', {}],
    ['columns that are all dynamic', 'resources | project tags', {}],
    ['paging that is not possible', QUERY, { resourceGraph: { paging: false } }],
  ])('%s is cut off and says so', async (_, query, knobs) => {
    stage.control.setKnobs(knobs);
    const { body } = await ask(query);
    expect(body).toMatchObject({ count: 2, totalRecords: 3, resultTruncated: 'true' });
    expect(body.$skipToken).toBeUndefined();
  });

  test('$top and $skip choose a part', async () => {
    const part = await ask(QUERY, { options: { $top: 1, $skip: 1 } });
    expect(part.body.data).toEqual([{ name: 'bbb' }]);
    expect((await ask(QUERY, { options: { $top: 1001 } })).status).toBe(400);
  });
});

test('15 queries pass in 5 s, each reports what is left, and the next is refused until the window is over', async () => {
  stage.control.setKnobs({ throttling: { resourceGraph: true } });
  for (let left = 14; left >= 0; left--)
    expect((await ask('project id')).headers).toMatchObject({
      'x-ms-user-quota-remaining': String(left),
      'x-ms-user-quota-resets-after': '00:00:05',
    });
  stage.clock.advance(2_000);
  const refused = await ask('project id');
  expect(refused).toMatchObject({
    status: 429,
    headers: {
      'retry-after': '3',
      'x-ms-user-quota-remaining': '0',
      'x-ms-user-quota-resets-after': '00:00:03',
    },
    body: { error: { code: 'RateLimiting' } },
  });
  stage.clock.advance(3_000);
  expect((await ask('project id')).status).toBe(200);
});

test('a query that is not understood is refused and named, and so is a version that there is not', async () => {
  const refused = await ask('resources | parse id with * "x"');
  expect(refused).toMatchObject({
    status: 400,
    body: {
      error: {
        code: 'BadRequest',
        details: [{ code: 'InvalidQuery', message: expect.stringContaining("'parse'") }],
      },
    },
  });
  expect((await stage.call('POST', PATH, { body: { query: '' }, version: '2000-01-01' })).status).toBe(404);
  expect((await stage.call('POST', PATH, { body: {}, version: '2021-03-01' })).status).toBe(400);
});
