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

async function clientOf(caller?: string, maxRetries = 0): Promise<ManagedServiceIdentityClient> {
  return new ManagedServiceIdentityClient(
    await tokenCredential(simulator, caller),
    simulator.subscriptionId,
    {
      ...clientOptions(simulator),
      retryOptions: { maxRetries },
    },
  );
}

const read = () => refusal(client.userAssignedIdentities.get('rg1', 'absent'));
/** Statuses of so many reads of a missing identity, one after the other. */
async function reads(count: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await read()).status ?? 0);
  return statuses;
}

test('250 reads of a subscription pass at once, the 251st is 429 and names the second to wait', async () => {
  simulator.control.setKnobs({ throttling: { arm: true } });
  expect(new Set(await reads(250))).toEqual(new Set([404]));
  let retryAfter: string | undefined;
  const refused = await refusal(
    client.userAssignedIdentities.get('rg1', 'absent', {
      onResponse: (raw) => {
        retryAfter = raw.headers.get('retry-after');
      },
    }),
  );
  expect(refused).toMatchObject({ status: 429, code: 'SubscriptionRequestsThrottled' });
  expect(refused.message).toContain("Please try again after '1' seconds");
  expect(retryAfter).toBe('1');
  // Writes draw from another bucket.
  await client.userAssignedIdentities.createOrUpdate('rg1', 'id1', { location: 'westeurope' });
});

test('a call before Retry-After has elapsed is refused again, after it 25 a second pass', async () => {
  simulator.control.setKnobs({ throttling: { arm: true } });
  await reads(251);
  clock.advance(999);
  expect(await reads(1)).toEqual([429]);
  clock.advance(1);
  expect(await reads(26)).toEqual([...Array<number>(25).fill(404), 429]);
});

test('each caller has its own buckets', async () => {
  simulator.control.setKnobs({ throttling: { arm: true } });
  const { objectId } = simulator.control.createPrincipal({ displayName: 'other' });
  simulator.control.nameCaller({ objectId, name: 'other' });
  simulator.control.grant({ principalId: objectId, role: 'Reader', scope: '/' });
  expect((await reads(251)).at(-1)).toBe(429);
  client = await clientOf('other');
  expect(await reads(1)).toEqual([404]);
});

test('remaining-headers count down', async () => {
  simulator.control.setKnobs({ throttling: { arm: true } });
  const remaining: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++)
    await refusal(
      client.userAssignedIdentities.get('rg1', 'absent', {
        onResponse: (raw) => remaining.push(raw.headers.get('x-ms-ratelimit-remaining-subscription-reads')),
      }),
    );
  expect(remaining).toEqual(['249', '248', '247']);
});

test('polling one identity is limited to one read in two seconds on the long run, in the words of the provider', async () => {
  simulator.control.setKnobs({ throttling: { identityProvider: true } });
  expect(await reads(10)).toEqual(Array<number>(10).fill(404));
  const id = `/subscriptions/${simulator.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/absent`;
  expect(await read()).toEqual({
    status: 429,
    code: '429',
    message: `Request is temporarily throttled because resource ${id} has issued too many requests. Retry after 2 seconds.`,
  });
  clock.advance(2_000);
  expect(await reads(2)).toEqual([404, 429]);
  // Another identity has a bucket of its own.
  expect(await refusal(client.userAssignedIdentities.get('rg1', 'other'))).toMatchObject({ status: 404 });
});

test('creations are limited per subscription, lists and deletions on their own', async () => {
  simulator.control.setKnobs({ throttling: { identityProvider: true } });
  const put = (i: number) =>
    client.userAssignedIdentities.createOrUpdate('rg1', `id-${i}`, { location: 'westeurope' });
  for (let i = 0; i < 40; i++) await put(i);
  expect(await refusal(put(40))).toMatchObject({
    status: 429,
    message: `Request is temporarily throttled because subscription ${simulator.subscriptionId} has issued too many requests. Retry after 1 seconds.`,
  });
  await client.userAssignedIdentities.delete('rg1', 'id-1');
  expect(await all(client.userAssignedIdentities.listBySubscription())).toHaveLength(39);
  clock.advance(1_000);
  await put(40);
  await put(41);
  expect(await refusal(put(42))).toMatchObject({ status: 429 });
});

test('429 may come without the header: the SDK then gives up at once, with it it waits and tries again', async () => {
  simulator.control.setKnobs({ throttling: { arm: true, retryAfterHeader: false } });
  await reads(250);
  client = await clientOf(undefined, 3);
  expect(await read()).toMatchObject({ status: 429 });
  expect(simulator.requests()).toHaveLength(251);
});

test('buckets may be refilled from outside', async () => {
  simulator.control.setKnobs({ throttling: { arm: true } });
  await reads(251);
  simulator.control.refillBuckets();
  expect(await reads(1)).toEqual([404]);
});
