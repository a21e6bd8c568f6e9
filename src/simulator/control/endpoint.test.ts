import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../runtime/time/clock.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { clientOptions } from '../sdk.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

let clock: FakeClock;
let simulator: Simulator;

beforeEach(async () => {
  clock = new FakeClock();
  simulator = await startSimulator({ clock, preset: 'fast' });
});
afterEach(() => simulator.stop());

async function post(verb: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${simulator.controlEndpoint}/${verb}`, {
    method: 'POST',
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

test('it listens on 127.0.0.1 over plain HTTP', () => {
  expect(simulator.controlEndpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test('POST /token answers an accessToken that acts at ARM as someone else with Owner rights', async () => {
  await post('createResourceGroup', { name: 'rg1' });
  const { status, body } = await post('token');
  expect(status).toBe(200);
  const { accessToken } = body as { accessToken: string };
  const client = new ManagedServiceIdentityClient(
    { getToken: async () => ({ token: accessToken, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) },
    simulator.subscriptionId,
    clientOptions(simulator),
  );
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
  expect(simulator.requests()).toMatchObject([{ caller: 'someone-else', status: 201 }]);
});

test('GET /requests?since=N answers the requests after N with the six fields of the contract', async () => {
  await post('createResourceGroup', { name: 'rg1' });
  const path = `/subscriptions/${simulator.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30`;
  await post('arm', { method: 'GET', path });
  await post('arm', { method: 'PUT', path, body: { location: 'westeurope' } });
  const since = await fetch(`${simulator.controlEndpoint}/requests?since=1`);
  expect(await since.json()).toMatchObject([
    { n: 2, time: '2026-11-23T10:00:00.000Z', method: 'PUT', path, status: 201, caller: 'someone-else' },
  ]);
  const every = await fetch(`${simulator.controlEndpoint}/requests`);
  expect(await every.json()).toHaveLength(2);
});

test('identities and principals can have the ids they had in another simulation', async () => {
  await post('createResourceGroup', { name: 'rg1' });
  const ids = {
    principalId: '15caa2b3-e452-44f8-87a8-4289e8a24771',
    clientId: '112c89f0-8dfe-45c2-9a23-58af085c9445',
  };
  const made = await post('createIdentity', { name: 'web', resourceGroup: 'rg1', ...ids });
  expect(made.body).toMatchObject(ids);
  const objectId = 'ae46fd2c-1852-4368-8f50-7350aff3c83e';
  expect(simulator.control.createPrincipal({ displayName: 'anna', type: 'User', objectId })).toMatchObject({
    objectId,
    appId: '',
  });
  expect(
    (await post('createIdentity', { name: 'api', resourceGroup: 'rg1', clientId: 'me' })).body,
  ).toMatchObject({
    error: { message: expect.stringContaining('clientId') },
  });
});

test('an unknown verb, an unknown field and a wrong value are 400 and named', async () => {
  expect(await post('explode')).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining("got 'explode'") } },
  });
  expect(await post('lock', { scope: '/', level: 'ReadOnly', until: 'later' })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('until') } },
  });
  expect(await post('lock', { scope: '/', level: 'Tight' })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('level') } },
  });
  expect(await post('setKnobs', { latency: {} })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('latency') } },
  });
  expect(await post('setKnobs', { propagation: { listLagMs: -1 } })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringContaining('propagation.listLagMs') } },
  });
  expect(await post('recycleIdentity', { id: '/nothing' })).toMatchObject({
    status: 400,
    body: {
      error: { message: "id: expected the ARM id of an existing user-assigned identity, got '/nothing'" },
    },
  });
  const answer = await fetch(`${simulator.controlEndpoint}/lock`, { method: 'POST', body: '{' });
  expect(answer.status).toBe(400);
});

test('knobs not named keep their values', async () => {
  const before = simulator.control.knobs();
  await post('setKnobs', { propagation: { listLagMs: { min: 1, max: 2 } } });
  expect(simulator.control.knobs()).toEqual({
    ...before,
    propagation: { ...before.propagation, listLagMs: { min: 1, max: 2 } },
  });
});

test('advance moves a fake clock and refuses to move a real one', async () => {
  await post('advance', { ms: 5_000 });
  expect(clock.monotonic()).toBe(5_000);
  await simulator.stop();
  simulator = await startSimulator({ clock: systemClock, preset: 'fast' });
  expect(await post('advance', { ms: 5_000 })).toMatchObject({ status: 400 });
});

test('an issuer is declared by its keys', async () => {
  expect(
    await post('declareIssuer', { issuer: 'https://issuer.example.org', jwks: { keys: [] } }),
  ).toMatchObject({ status: 200 });
  expect(await post('withdrawIssuer', { issuer: 'https://issuer.example.org' })).toEqual({
    status: 200,
    body: { withdrawn: true },
  });
});
