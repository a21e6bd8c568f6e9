import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

let clock: FakeClock;
let simulator: Simulator;

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await startSimulator({ clock, preset: 'fast' });
});
afterEach(() => simulator.stop());

type Method = 'GET' | 'HEAD' | 'PUT' | 'DELETE';
const at = (path: string) => `/subscriptions/${simulator.subscriptionId}${path}?api-version=2021-04-01`;
const call = (method: Method, path: string, body?: unknown) =>
  simulator.control.arm({ method, path: at(path), body });

test('a group is made with 201, changed with 200, found in any case and stays in its location', async () => {
  const made = await call('PUT', '/resourceGroups/rg1', { location: 'West Europe' });
  expect(made).toMatchObject({
    status: 201,
    body: {
      id: `/subscriptions/${simulator.subscriptionId}/resourceGroups/rg1`,
      name: 'rg1',
      type: 'Microsoft.Resources/resourceGroups',
      location: 'westeurope',
      tags: {},
      properties: { provisioningState: 'Succeeded' },
    },
  });
  expect(
    await call('PUT', '/resourceGroups/RG1', { location: 'westeurope', tags: { a: '1' } }),
  ).toMatchObject({
    status: 200,
    body: { name: 'rg1', tags: { a: '1' } },
  });
  expect(await call('GET', '/resourcegroups/RG1')).toMatchObject({ status: 200, body: { tags: { a: '1' } } });
  expect(await call('PUT', '/resourceGroups/rg1', { location: 'eastus' })).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'InvalidResourceGroupLocation',
        message:
          "Invalid resource group location 'eastus'. The Resource group already exists in location 'westeurope'.",
      },
    },
  });
});

test('existence is 204 or 404, lists show the groups of the subscription', async () => {
  simulator.control.createResourceGroup({ name: 'rg1' });
  expect(await call('HEAD', '/resourceGroups/rg1')).toMatchObject({ status: 204, body: undefined });
  expect(await call('HEAD', '/resourceGroups/rg2')).toMatchObject({ status: 404 });
  expect(await call('GET', '/resourceGroups')).toMatchObject({
    status: 200,
    body: { value: [{ name: 'rg1' }] },
  });
});

test('a deletion runs for its time behind a Location longer than 4 KB and takes the identities along', async () => {
  simulator.control.setKnobs({ latencyMs: { 'resourceGroups.delete.operation': 66_000 } });
  simulator.control.createResourceGroup({ name: 'rg1' });
  simulator.control.createIdentity({ name: 'id1', resourceGroup: 'rg1' });
  const started = await call('DELETE', '/resourceGroups/rg1');
  expect(started).toMatchObject({ status: 202, headers: { 'retry-after': '15' } });
  const location = started.headers.location ?? '';
  expect(location.length).toBeGreaterThan(4096);
  const path = location.replace(simulator.origin, '');
  expect(await call('GET', '/resourceGroups/rg1')).toMatchObject({
    body: { properties: { provisioningState: 'Deleting' } },
  });
  clock.advance(65_999);
  expect(await simulator.control.arm({ method: 'GET', path })).toMatchObject({
    status: 202,
    headers: { location },
  });
  clock.advance(1);
  expect(await simulator.control.arm({ method: 'GET', path })).toMatchObject({ status: 200 });
  expect(await call('GET', '/resourceGroups/rg1')).toMatchObject({ status: 404 });
  expect(simulator.control.identities()).toEqual([]);
});

test('subscriptions are shown one by one and as a list of those the caller may read', async () => {
  expect(await call('GET', '')).toMatchObject({
    status: 200,
    body: { subscriptionId: simulator.subscriptionId, tenantId: simulator.tenantId, state: 'Enabled' },
  });
  simulator.control.createSubscription({ id: '33333333-3333-4333-8333-333333333333' });
  const listed = await simulator.control.arm({
    method: 'GET',
    path: '/subscriptions?api-version=2021-04-01',
  });
  expect(listed.body).toMatchObject({
    value: [
      { subscriptionId: simulator.subscriptionId },
      { subscriptionId: '33333333-3333-4333-8333-333333333333' },
    ],
  });
});
