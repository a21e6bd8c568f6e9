import { once } from 'node:events';
import rhea, { type Connection, type EventContext, type Receiver, type Sender } from 'rhea';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BusStage, startBusStage } from '../stage.fixture.ts';

/** What goes over the wire where the client of the other tests would not show it: by a bare AMQP client. */
let stage: BusStage;
let connection: Connection;

beforeEach(async () => {
  stage = await startBusStage();
  const { port } = new URL(stage.simulator.serviceBus.emulatorEndpoint.replace('sb:', 'http:'));
  connection = rhea
    .create_container()
    .connect({ host: '127.0.0.1', port: Number(port), reconnect: false, username: 'x' });
  for (const event of ['disconnected', 'sender_error', 'receiver_error', 'session_error'])
    connection.on(event, () => {});
  await next(connection, 'connection_open');
});
afterEach(async () => {
  connection.close();
  await stage[Symbol.asyncDispose]();
});

async function next(
  emitter: { once(name: string, fn: (context: EventContext) => void): unknown },
  event: string,
) {
  const [context] = (await once(emitter as never, event)) as [EventContext];
  return context;
}

/** So many times; the first answer that comes. At the emulator's port any key is accepted. */
async function putToken(times = 1) {
  const receiver = connection.open_receiver({ source: '$cbs', name: 'cbs-answers' });
  const sender = connection.open_sender('$cbs');
  await next(sender, 'sendable');
  const expiry = Math.floor(stage.clock.now() / 1000) + 3600;
  const name = 'sb://127.0.0.1/events';
  const answered = next(receiver, 'message');
  for (let n = 1; n <= times; n++)
    sender.send({
      message_id: String(n),
      reply_to: 'cbs-answers',
      application_properties: { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name },
      body: `SharedAccessSignature sr=${encodeURIComponent(name)}&sig=AAAA&se=${expiry}&skn=x`,
    });
  return (await answered).message;
}

async function attach(address = 'events'): Promise<Receiver> {
  const receiver = connection.open_receiver({
    source: address,
    credit_window: 0,
    autoaccept: false,
    rcv_settle_mode: 1,
    snd_settle_mode: 0,
  });
  await next(receiver, 'receiver_open');
  return receiver;
}

test('the service says what it is: frames of 64 KiB, 5,000 channels, two minutes of patience', () => {
  expect(connection).toMatchObject({ max_frame_size: 65_536, channel_max: 4_999, idle_time_out: 120_000 });
  expect(connection.container_id).toMatch(/^[0-9a-f]{32}_G0$/);
});

test('a token is accepted with 202, correlated with the request', async () => {
  const application_properties = { 'status-code': 202, 'status-description': 'Accepted' };
  expect(await putToken()).toMatchObject({ correlation_id: '1', application_properties });
});

test.each([401, 404, 500])('`$cbs` answers %i by a fault', async (status) => {
  stage.control.addBrokerFault({ at: 'put-token', status, description: 'told so' });
  const application_properties = { 'status-code': status, 'status-description': 'told so' };
  expect(await putToken()).toMatchObject({ application_properties });
});

test('or nothing', async () => {
  stage.control.addBrokerFault({ at: 'put-token', effect: 'silence', count: 1 });
  expect(await putToken(2)).toMatchObject({ correlation_id: '2' });
});

test('nonsense is refused, or ends its own connection alone', async () => {
  const receiver = connection.open_receiver({ source: '$cbs', name: 'nonsense-answers' });
  const sender = connection.open_sender('$cbs');
  await next(sender, 'sendable');
  const nonsense = [
    {},
    { operation: 'put-token' },
    { operation: 'put-token', type: 7, name: 7 },
    { operation: 'put-token', type: 'jwt', name: '//' },
    { operation: 'put-token', type: 'servicebus.windows.net:sastoken', name: '%' },
  ];
  const statuses: number[] = [];
  receiver.on('message', ({ message }: EventContext) =>
    statuses.push(message?.application_properties?.['status-code']),
  );
  for (const application_properties of nonsense)
    sender.send({ message_id: 'n', reply_to: 'nonsense-answers', application_properties, body: null });
  await expect.poll(() => statuses).toEqual([400, 401, 401, 401, 401]);
  const { emulatorEndpoint } = stage.simulator.serviceBus;
  const stranger = await fetch(emulatorEndpoint.replace('sb:', 'http:')).catch((error: unknown) => error);
  expect(stranger).toBeInstanceOf(Error);
  expect(await putToken()).toMatchObject({ application_properties: { 'status-code': 202 } });
});

test('without a token a link is refused, and its client does not learn what exists', async () => {
  for (const address of ['events', 'nowhere']) {
    const receiver = connection.open_receiver(address);
    const refused = next(receiver, 'receiver_error');
    await next(receiver, 'receiver_open');
    expect(receiver.source?.address).toBeUndefined();
    await refused;
    expect(receiver.error).toMatchObject({ condition: 'amqp:unauthorized-access' });
  }
});

test('who drains is answered also when there is no credit left to give back', async () => {
  await putToken();
  const receiver = await attach();
  stage.send('a');
  receiver.add_credit(1);
  await next(receiver, 'message');
  receiver.drain_credit();
  await next(receiver, 'receiver_drained');
  expect(stage.state().locked).toBe(1);
});

test('a message carries its lock as tag, and numbers and times as the service types them', async () => {
  await putToken();
  const receiver = await attach();
  stage.send('a');
  receiver.add_credit(1);
  const { message, delivery } = await next(receiver, 'message');
  expect(delivery?.tag).toHaveLength(16);
  expect(message).toMatchObject({
    delivery_count: 0,
    message_annotations: { 'x-opt-sequence-number': 1 },
    body: { typecode: 0x75, content: Buffer.from('a') },
  });
  const { 'x-opt-locked-until': until, 'x-opt-enqueued-time': at } = message?.message_annotations ?? {};
  expect(Number(until) - Number(at)).toBe(60_000);
});

test('a released message comes again, counted', async () => {
  await putToken();
  const receiver = await attach();
  stage.send('a');
  receiver.add_credit(2);
  const { delivery } = await next(receiver, 'message');
  delivery?.release();
  expect((await next(receiver, 'message')).message?.delivery_count).toBe(1);
});

test('what is sent on a link that was detached is not taken', async () => {
  await putToken();
  const sender: Sender = connection.open_sender('events');
  await next(sender, 'sendable');
  stage.control.detachLinks();
  sender.send({ body: 'late' });
  await next(sender, 'sender_close');
  expect(sender.error).toMatchObject({ condition: 'amqp:link:detach-forced' });
  // The answer to the detach comes after what was sent.
  await expect.poll(() => stage.control.brokerLinks()).toEqual([]);
  expect(stage.state().ready).toBe(0);
});

test('an operation that is not simulated is refused as such', async () => {
  await putToken();
  const receiver = connection.open_receiver({ source: 'events/$management', name: 'm', target: 'answers' });
  const sender = connection.open_sender('events/$management');
  await next(sender, 'sendable');
  const application_properties = { operation: 'com.microsoft:schedule-message' };
  sender.send({ message_id: '2', reply_to: 'answers', application_properties, body: {} });
  const { message } = await next(receiver, 'message');
  expect(message?.application_properties).toMatchObject({
    statusCode: 501,
    statusDescription: expect.stringContaining('schedule-message'),
  });
});
