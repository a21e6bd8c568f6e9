import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/time/clock.ts';
import { EventStage } from '../support/kinds/events.ts';
import { GrantStage } from '../support/kinds/grants.ts';
import { Cluster, SUBSCRIPTION, until, World } from '../support/testbed.ts';

/**
 * The event subscription of one Azure subscription is gone, while another one delivers to the queue: what azid itself wrote there
 * shows it.
 */
let cluster: Cluster;
let world: World;
let stage: EventStage;
/** By how much the wall clock of azid was moved. */
let passedMs = 0;

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new EventStage(cluster, world);
  world.azure.control.deleteEventSubscription({ id: stage.eventSubscription });
  const grants = new GrantStage(cluster, world);
  await grants.prepare();
  await stage.declare('main');
  await world.start({
    ...(await stage.operator()),
    clock: { ...systemClock, now: () => systemClock.now() + passedMs },
    listen: { host: '127.0.0.1', port: 0 },
  });
  await stage.reason('main', 'Ready', 'Receiving');
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});

let sent = 0;
const ofAnother = () => {
  const event = {
    id: `e${sent++}`,
    subject: '/subscriptions/99999999-2222-4333-8444-555555555555/resourceGroups/rg1',
    eventType: 'Microsoft.Resources.ResourceWriteSuccess',
    data: { operationName: 'Microsoft.Resources/subscriptions/resourceGroups/write' },
  };
  world.azure.control.sendMessages({ id: stage.queue, bodies: [JSON.stringify(event)] });
};
const silence = async () => {
  const page = await (await fetch(`${world.operators[0]?.url}/metrics`)).text();
  const line = `azid_event_subscription_silence_seconds{source="main",subscription="${SUBSCRIPTION}"}`;
  return page
    .split('\n')
    .find((each) => each.startsWith(line))
    ?.slice(line.length + 1);
};

it('it is named an hour after azid wrote there, until an event of it comes', async () => {
  await until('azid to have made the identity', async () =>
    world.azure
      .requests()
      .some(
        ({ caller, method, path }) =>
          caller === 'controller' && method === 'PUT' && /userassigned/i.test(path),
      ),
  );
  ofAnother();
  await stage.reason('main', 'EventsArriving', 'Arriving');
  expect(await silence()).toBe('+Inf');
  passedMs = 61 * 60_000;
  await stage.declare('main', { expectWithin: '23h' });
  const { status, message } = await stage.reason('main', 'EventsArriving', 'SubscriptionSilent');
  expect([status, message]).toEqual(['False', expect.stringContaining(`: ${SUBSCRIPTION} since `)]);
  expect((await stage.reason('main', 'Ready', 'Receiving')).status).toBe('True');
  stage.subscribe();
  await world.azure.control.arm({
    method: 'PUT',
    path: `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/foreign?api-version=2024-11-30`,
    body: { location: 'westeurope' },
  });
  await until('the event to be received', async () => Number(await silence()) < 60);
  await stage.declare('main', { expectWithin: '22h' });
  await stage.reason('main', 'EventsArriving', 'Arriving');
  expect((await stage.get('main'))?.status?.subscriptions).toEqual([
    { id: SUBSCRIPTION, lastEventTime: expect.any(String) },
  ]);
});
