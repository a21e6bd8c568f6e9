import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../hosts/stage.fixture.ts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const FROM = "eventTimestamp ge '2026-11-23T00:00:00Z'";
const ask = (filter: string | undefined, more = '') =>
  stage.call(
    'GET',
    `/subscriptions/${stage.simulator.subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01${filter === undefined ? '' : `&$filter=${encodeURIComponent(filter)}`}${more}`,
  );
const records = async (filter = FROM) => (await ask(filter)).body.value;
const states = async (filter = FROM) =>
  (await records(filter)).map((each: { status: { value: string } }) => each.status.value);

const TEMPLATE = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
};

test('a write makes two records, newest first, with the caller and what was done', async () => {
  const id = stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', 'id1');
  await stage.call('PUT', id, {
    body: { location: 'westeurope' },
    headers: { 'x-ms-client-request-id': 'mine' },
  });
  const [end, begin] = await records();
  expect(begin).toMatchObject({
    eventName: { value: 'BeginRequest' },
    status: { value: 'Started' },
    operationName: { value: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
  });
  expect(end).toMatchObject({
    eventName: { value: 'EndRequest' },
    status: { value: 'Succeeded' },
    subStatus: { value: 'Created' },
    resourceId: id,
    resourceProviderName: { value: 'Microsoft.ManagedIdentity' },
    resourceGroupName: 'rg1',
    httpRequest: { clientRequestId: 'mine', method: 'PUT' },
    correlationId: begin.correlationId,
  });
  expect(end.caller).toBe(end.claims['http://schemas.microsoft.com/identity/claims/objectidentifier']);
  await stage.call('GET', id);
  expect(await records()).toHaveLength(2);
});

test('a refused write is Failed, an operation is Accepted and then what it came to', async () => {
  const vm = stage.control.createHost({ name: 'vm1', resourceGroup: 'rg1' }).id;
  stage.control.setKnobs({ latencyMs: { 'virtualMachines.update.operation': 10_000 } });
  await stage.call('PATCH', vm, { body: { identity: { type: 'Nonsense' } } });
  expect(await states()).toEqual(['Failed', 'Started']);
  await stage.call('PATCH', vm, { body: { identity: { type: 'SystemAssigned' } } });
  expect((await states()).slice(0, 2)).toEqual(['Accepted', 'Started']);
  stage.clock.advance(10_000);
  await expect.poll(async () => (await states())[0]).toBe('Succeeded');
});

test('a record has the correlation id of the answer, which a client may have brought along', async () => {
  const id = stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', 'id1');
  const { headers } = await stage.call('PUT', id, { body: { location: 'westeurope' } });
  expect((await records()).map((each: { correlationId: string }) => each.correlationId)).toEqual([
    headers['x-ms-correlation-request-id'],
    headers['x-ms-correlation-request-id'],
  ]);
  const own = '11111111-2222-4333-8444-555555555555';
  await stage.call('DELETE', id, { headers: { 'x-ms-correlation-request-id': own } });
  expect((await records())[0].correlationId).toBe(own);
});

test('a deployment that fails is Accepted, and Failed when it has', async () => {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const resource = { type, apiVersion: '2023-01-31', name: 'id1', location: 'westeurope' };
  const properties = { mode: 'Incremental', template: { ...TEMPLATE, resources: [resource] } };
  stage.control.lock({ scope: stage.id(type, 'id1'), level: 'ReadOnly' });
  const path = `${stage.group}/providers/Microsoft.Resources/deployments/d1`;
  await stage.call('PUT', path, { body: { properties } });
  const own = async () =>
    (await records())
      .filter(({ operationName }: { operationName: { value: string } }) =>
        operationName.value.startsWith('Microsoft.Resources/deployments'),
      )
      .map((each: { status: { value: string } }) => each.status.value);
  await expect.poll(own).toEqual(['Failed', 'Accepted', 'Started']);
});

test('what a deployment writes has its correlation id', async () => {
  const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  const resource = { type, apiVersion: '2023-01-31', name: 'id1', location: 'westeurope' };
  const template = { ...TEMPLATE, resources: [resource] };
  const { body, headers } = await stage.call(
    'PUT',
    `${stage.group}/providers/Microsoft.Resources/deployments/d1`,
    { body: { properties: { mode: 'Incremental', template } } },
  );
  await expect.poll(async () => (await records()).length).toBe(5);
  const ids = (await records()).map((each: { correlationId: string }) => each.correlationId);
  expect(new Set(ids)).toEqual(new Set([headers['x-ms-correlation-request-id']]));
  expect(body.properties.correlationId).toBe(headers['x-ms-correlation-request-id']);
});

test('a deleted group is Accepted, and Succeeded when it is gone', async () => {
  stage.control.setKnobs({ latencyMs: { 'resourceGroups.delete.operation': 60_000 } });
  await stage.call('DELETE', stage.group, { version: '2021-04-01' });
  expect(await states()).toEqual(['Accepted', 'Started']);
  stage.clock.advance(60_000);
  await expect.poll(async () => (await states())[0]).toBe('Succeeded');
});

test('role assignments record their body as they begin, and what was deleted as they end', async () => {
  const { objectId } = stage.control.createPrincipal({ displayName: 'p' });
  const path = `${stage.group}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-000000000001`;
  const properties = {
    roleDefinitionId:
      '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
    principalId: objectId,
    principalType: 'ServicePrincipal',
  };
  await stage.call('PUT', path, { body: { properties }, version: '2022-04-01' });
  await stage.call('DELETE', path, { version: '2022-04-01' });
  const [deleted, , , asked] = await records(`${FROM} and resourceProvider eq 'Microsoft.Authorization'`);
  expect(JSON.parse(asked.properties.requestbody)).toEqual({ properties });
  expect(JSON.parse(deleted.properties.responseBody).properties.principalId).toBe(objectId);
});

test('records show after a lag, and are gone after 90 days', async () => {
  stage.control.setKnobs({ propagation: { activityLogLagMs: 300_000 } });
  await stage.call('PUT', stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', 'id1'), {
    body: { location: 'westeurope' },
  });
  expect(await records()).toEqual([]);
  stage.clock.advance(300_000);
  const [{ eventTimestamp, submissionTimestamp }] = await records();
  expect(Date.parse(submissionTimestamp) - Date.parse(eventTimestamp)).toBe(300_000);
  stage.clock.advance(90 * 24 * 3600_000);
  expect(await records()).toEqual([]);
});

test('one field beside the time narrows it; what else a filter says is refused, without an envelope', async () => {
  for (const name of ['id1', 'id2'])
    await stage.call('PUT', stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', name), {
      body: { location: 'westeurope' },
    });
  const id1 = stage.id('Microsoft.ManagedIdentity/userAssignedIdentities', 'id1');
  for (const name of ['resourceUri', 'resourceId'])
    expect(await records(`${FROM} and ${name} eq '${id1}'`)).toHaveLength(2);
  expect(await records(`${FROM} and resourceGroupName eq 'RG1'`)).toHaveLength(4);
  expect(await records("eventTimestamp ge '2026-11-24T00:00:00Z'")).toEqual([]);
  const wrong = [
    undefined,
    `${FROM} and caller eq 'a'`,
    `${FROM} and resourceUri eq 'a' and resourceGroupName eq 'b'`,
    "resourceGroupName eq 'rg1'",
  ];
  for (const filter of wrong)
    expect(await ask(filter)).toMatchObject({ status: 400, body: { code: 'BadRequest' } });
  const { body } = await ask(FROM, '&$select=caller,status');
  expect(Object.keys(body.value[0])).toEqual(['caller', 'status']);
});
