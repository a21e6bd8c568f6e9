import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { all, clientOptions, refusal, tokenCredential } from './sdk.fixture.ts';
import { type Simulator, startSimulator } from './simulator.ts';

let simulator: Simulator;
let client: ManagedServiceIdentityClient;

beforeEach(async () => {
  simulator = await startSimulator({ clock: new FakeClock(), preset: 'fast' });
  simulator.control.createResourceGroup({ name: 'rg1' });
  client = await clientOf();
});
afterEach(() => simulator.stop());

async function clientOf(maxRetries = 0): Promise<ManagedServiceIdentityClient> {
  return new ManagedServiceIdentityClient(await tokenCredential(simulator), simulator.subscriptionId, {
    ...clientOptions(simulator),
    retryOptions: { maxRetries, retryDelayInMs: 1, maxRetryDelayInMs: 1 },
  });
}

const put = (name = 'id1') =>
  client.userAssignedIdentities.createOrUpdate('rg1', name, { location: 'westeurope' });
const names = () => simulator.control.identities().map(({ name }) => name);

test('a status fault answers before the call takes effect and is spent after its count', async () => {
  const { id } = simulator.control.addFault({
    method: 'PUT',
    count: 2,
    effect: { kind: 'status', status: 409, code: 'AnotherOperationInProgress', message: 'wait' },
  });
  for (let i = 0; i < 2; i++)
    expect(await refusal(put())).toEqual({
      status: 409,
      code: 'AnotherOperationInProgress',
      message: 'wait',
    });
  expect(names()).toEqual([]);
  await put();
  expect(simulator.control.faultHits({ id })).toEqual({ hits: 2 });
});

test('a status fault may answer although the call took effect', async () => {
  simulator.control.addFault({
    operation: 'identities.createOrUpdate',
    effect: { kind: 'status', status: 500, when: 'after' },
  });
  expect(await refusal(put())).toMatchObject({ status: 500, code: 'InternalServerError' });
  expect(names()).toEqual(['id1']);
});

test('Retry-After comes in seconds, as a date, or in ms', async () => {
  const headers = async (extra: object, name: string) => {
    simulator.control.clearFaults();
    simulator.control.addFault({ effect: { kind: 'status', status: 429, ...extra } });
    let value: string | undefined;
    await refusal(
      client.userAssignedIdentities.get('rg1', 'id1', {
        onResponse: (raw) => {
          value = raw.headers.get(name);
        },
      }),
    );
    return value;
  };
  expect(await headers({ retryAfterSeconds: 17 }, 'retry-after')).toBe('17');
  expect(await headers({ retryAfterDateSeconds: 17 }, 'retry-after')).toBe('Mon, 23 Nov 2026 10:00:17 GMT');
  expect(await headers({ retryAfterMs: 250 }, 'retry-after-ms')).toBe('250');
  expect(await headers({}, 'retry-after')).toBeUndefined();
});

test('a reset before the effect leaves nothing behind, one after it leaves what was made', async () => {
  simulator.control.addFault({ method: 'PUT', path: 'id1', effect: { kind: 'reset', when: 'before' } });
  simulator.control.addFault({ method: 'PUT', path: 'id2', effect: { kind: 'reset', when: 'after' } });
  expect(await refusal(put('id1'))).toMatchObject({ status: undefined, code: 'ECONNRESET' });
  expect(await refusal(put('id2'))).toMatchObject({ status: undefined, code: 'ECONNRESET' });
  expect(names()).toEqual(['id2']);
  expect(simulator.requests().map(({ status }) => status)).toEqual([0, 0]);
});

test('the SDK tries a reset PUT again, so a creation may come back as 200', async () => {
  simulator.control.addFault({ method: 'PUT', count: 1, effect: { kind: 'reset', when: 'after' } });
  client = await clientOf(3);
  await put();
  expect(simulator.requests().map(({ status }) => status)).toEqual([0, 200]);
});

test('no answer at all keeps the client waiting until it gives up', async () => {
  simulator.control.addFault({ method: 'GET', effect: { kind: 'silence' } });
  const impatience = new AbortController();
  const call = refusal(client.userAssignedIdentities.get('rg1', 'id1', { abortSignal: impatience.signal }));
  await expect.poll(() => simulator.requests()).toHaveLength(1);
  impatience.abort();
  expect((await call).message).toMatch(/abort/i);
});

test('a truncated body arrives as a broken connection', async () => {
  await put();
  simulator.control.addFault({ method: 'GET', count: 1, effect: { kind: 'truncate' } });
  expect((await refusal(client.userAssignedIdentities.get('rg1', 'id1'))).status).toBeUndefined();
  await client.userAssignedIdentities.get('rg1', 'id1');
});

test('the second page of a list may fail', async () => {
  for (const name of ['id1', 'id2', 'id3']) simulator.control.createIdentity({ name, resourceGroup: 'rg1' });
  simulator.control.setKnobs({ paging: { pageSize: 2 } });
  simulator.control.addFault({ path: '$skiptoken', effect: { kind: 'status', status: 503 } });
  expect(await refusal(all(client.userAssignedIdentities.listBySubscription()))).toMatchObject({
    status: 503,
  });
  expect(simulator.requests().map(({ status }) => status)).toEqual([200, 503]);
});

test('faults choose by path pattern, caller and position, and a share of them by the seed', async () => {
  simulator.control.addFault({ caller: 'controller', effect: { kind: 'status', status: 500 } });
  await put('free');
  simulator.control.addFault({
    pathPattern: '/id-[0-9]+\\?',
    after: 1,
    count: 1,
    effect: { kind: 'status', status: 502 },
  });
  await put('id-1');
  expect(await refusal(put('id-2'))).toMatchObject({ status: 502 });
  await put('id-3');
  simulator.control.clearFaults();
  simulator.control.addFault({ share: 0.5, effect: { kind: 'status', status: 500 } });
  const outcomes: boolean[] = [];
  for (let i = 0; i < 40; i++)
    outcomes.push(
      await put('id-1').then(
        () => true,
        () => false,
      ),
    );
  expect(outcomes.filter(Boolean).length).toBeGreaterThan(8);
  expect(outcomes.filter(Boolean).length).toBeLessThan(32);
});
