import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventSource } from '../../src/api/event-source.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { EventStage } from '../support/kinds/events.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/** What an EventSource says of its queue, whatever that is like. */
let cluster: Cluster;
let world: World;
let stage: EventStage;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.create(cluster);
  stage = new EventStage(cluster, world);
  await world.start({ ...(await stage.operator()), listen: { host: '127.0.0.1', port: 0 } });
});
afterEach(async () => {
  await world?.dispose();
  await cluster.clean();
});

const control = () => world.azure.control;
const metric = async (name: string) => {
  const page = await (await fetch(`${world.operators[0]?.url}/metrics`)).text();
  return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(page)?.[1]);
};
const links = () => control().brokerLinks().length;
const write = () =>
  control().arm({
    method: 'PUT',
    path: `/subscriptions/${world.azure.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/foreign?api-version=2024-11-30`,
    body: { location: 'westeurope' },
  });

it('receives, reports when the last event came, and of the silence after it', async () => {
  expect(await metric('azid_event_sources')).toBe(0);
  await stage.declare('main', { expectWithin: '24h' });
  expect((await stage.reason('main', 'Ready', 'Receiving')).status).toBe('True');
  expect((await stage.reason('main', 'EventsArriving', 'NoneYet')).status).toBe('Unknown');
  expect(await metric('azid_event_sources')).toBe(1);
  expect(await metric('azid_event_source_state{source="main",state="receiving"}')).toBe(1);
  await write();
  await until(
    'the event to be counted',
    async () =>
      (await metric(
        'azid_event_received_total{source="main",type="ResourceWriteSuccess",actionable="true"}',
      )) +
        (await metric(
          'azid_event_received_total{source="main",type="ResourceWriteSuccess",actionable="false"}',
        )) ===
      1,
  );
  expect(await metric('azid_event_silence_seconds{source="main"}')).toBeLessThan(60);
});

it('the first event is reported at once, and many events cost no status write each', async () => {
  await stage.declare('main');
  await stage.reason('main', 'EventsArriving', 'NoneYet');
  await write();
  await stage.reason('main', 'EventsArriving', 'Arriving');
  const { metadata, status } = (await stage.get('main')) ?? {};
  expect(Date.parse(status?.lastEventTime ?? '')).toBeGreaterThan(0);
  for (let i = 0; i < 20; i++) await write();
  const settled = 'azid_event_messages_settled_total{source="main",outcome="completed"}';
  await until('them to be received', async () => (await metric(settled)) >= 21);
  expect((await stage.get('main'))?.metadata.resourceVersion).toBe(metadata?.resourceVersion);
});

describe('says what is wrong', () => {
  it('a wrong queue name, until the queue is there', async () => {
    await stage.declare('main', { serviceBus: { namespace: stage.namespace, queue: 'nowhere' } });
    const { message, status } = await stage.reason('main', 'Ready', 'QueueNotFound');
    expect([status, message]).toEqual(['False', expect.stringContaining('queue nowhere of')]);
    expect((await stage.reason('main', 'EventsArriving', 'NotReceiving')).status).toBe('Unknown');
    await stage.declare('main');
    await stage.reason('main', 'Ready', 'Receiving');
  });

  it('a queue without rights', async () => {
    const id = control().createQueue({ namespace: 'events', name: 'closed' }).id;
    expect(id).toContain('closed');
    await stage.declare('main', { serviceBus: { namespace: stage.namespace, queue: 'closed' } });
    expect((await stage.reason('main', 'Stalled', 'AuthorizationFailed')).message).toMatch(
      /Azure Service Bus Data Receiver/,
    );
  });

  it('a topic that sends another schema, until an event comes: nothing is lost, and nothing written to Azure', async () => {
    await stage.declare('main');
    await stage.reason('main', 'Ready', 'Receiving');
    const since = stage.mark;
    control().sendMessages({ id: stage.queue, bodies: ['{"temperature":21}'] });
    expect((await stage.reason('main', 'Ready', 'UnreadableEvents')).message).toMatch(/UnknownSchema/);
    expect(
      await metric('azid_event_messages_dead_lettered_total{source="main",reason="UnknownSchema"}'),
    ).toBe(1);
    expect(control().queue({ id: stage.queue }).deadLetters).toHaveLength(1);
    await write();
    await stage.reason('main', 'Ready', 'Receiving');
    expect(stage.calls(since).filter((call) => !call.startsWith('GET'))).toEqual([]);
  });

  it('a host of another cloud: no token is sent there', async () => {
    await stage.declare('main', {
      serviceBus: { namespace: 'contoso.servicebus.chinacloudapi.cn', queue: 'azid' },
    });
    expect((await stage.reason('main', 'Stalled', 'OtherCloud')).message).toMatch(
      /ends in \.servicebus\.windows\.net/,
    );
    expect(control().tokensPut()).toEqual([]);
  });

  it('the queue of another object: the older receives, and the other once that is gone', async () => {
    await stage.declare('first');
    await stage.reason('first', 'Ready', 'Receiving');
    await until('a second to pass in the API server', async () => Date.now() % 1_000 < 50);
    await stage.declare('second');
    expect((await stage.reason('second', 'Stalled', 'QueueTaken')).message).toMatch(/EventSource first/);
    expect(links()).toBe(1);
    await cluster.delete(eventSource.resource, 'first');
    await stage.reason('second', 'Ready', 'Receiving');
  });
});

it('a suspended one receives nothing and says so; a deleted one is gone at once, with its series', async () => {
  await stage.declare('main');
  await stage.reason('main', 'Ready', 'Receiving');
  await stage.declare('main', { suspend: true });
  await stage.reason('main', 'Suspended', 'InSync');
  await until('its link to be closed', async () => links() === 0);
  await stage.declare('main');
  await stage.reason('main', 'Ready', 'Receiving');
  await cluster.delete(eventSource.resource, 'main');
  expect(await stage.get('main')).toBeUndefined();
  await until('its link to be closed', async () => links() === 0);
  await until('its series to be gone', async () =>
    Number.isNaN(await metric('azid_event_clock_off_total{source="main"}')),
  );
});

it('when azid stops, what is in the queue stays there for the next', async () => {
  await stage.declare('main');
  await stage.reason('main', 'Ready', 'Receiving');
  const [operator] = world.operators;
  if (!operator) throw new Error('unreachable');
  await world.stop(operator);
  expect(links()).toBe(0);
  await write();
  expect(control().queue({ id: stage.queue })).toMatchObject({ ready: 1, locked: 0 });
  await world.start(await stage.operator());
  await until('the event to be received', async () => control().queue({ id: stage.queue }).ready === 0);
});

it.each([
  [
    'a connection string',
    { namespace: 'Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKey=x', queue: 'azid' },
    /connection strings are not taken/,
  ],
  [
    'a URL',
    { namespace: 'sb://contoso.servicebus.windows.net', queue: 'azid' },
    /host name of a Service Bus namespace/,
  ],
  [
    'a queue that is a path upwards',
    { namespace: 'contoso.servicebus.windows.net', queue: '../x' },
    /name of a queue/,
  ],
])('%s is refused at the door', async (_, serviceBus, message) => {
  const error = await stage.declare('main', { serviceBus }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(KubeError);
  expect((error as KubeError).message).toMatch(message);
});
