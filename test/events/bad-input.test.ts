import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Fields, type Log, silentLog } from '../../src/runtime/log.ts';
import { EventStage } from '../support/kinds/events.ts';
import { GrantStage, WEB } from '../support/kinds/grants.ts';
import { Cluster, until, World } from '../support/testbed.ts';

/**
 * What can never be understood, through the broker to a running azid: a dead letter with its reason, a metric and a line of the log each,
 * a condition where nothing else comes; what comes behind it is taken, and nothing is written to Azure.
 */
let cluster: Cluster;
let world: World;
let stage: EventStage;
const lines: { readonly level: string; readonly fields: Fields; readonly message: string }[] = [];

function keeping(fields: Fields = {}): Log {
  const at = (level: string) => (more: Fields, message: string) =>
    void lines.push({ level, fields: { ...fields, ...more }, message });
  const [debug, info, warn, error] = [at('debug'), at('info'), at('warn'), at('error')];
  return { ...silentLog, debug, info, warn, error, child: (more) => keeping({ ...fields, ...more }) };
}

beforeAll(async () => {
  cluster = await Cluster.start();
  world = await World.create(cluster);
  stage = new EventStage(cluster, world);
  const grants = new GrantStage(cluster, world);
  await grants.prepare();
  await grants.declare('read');
  await stage.declare('main');
  await world.start({ ...(await stage.operator()), log: keeping(), listen: { host: '127.0.0.1', port: 0 } });
  await stage.reason('main', 'Ready', 'Receiving');
  await rested();
  control().purgeQueue({ id: stage.queue });
}, 120_000);
afterAll(async () => {
  await world?.dispose();
  await cluster?.clean();
  await cluster?.stop();
});

const control = () => world.azure.control;
const rested = () =>
  until('azid to rest', async () => {
    const { ready, locked } = control().queue({ id: stage.queue });
    return ready === 0 && locked === 0 && world.quiet;
  });
const count = async (name: string) => {
  const page = await (await fetch(`${world.operators[0]?.url}/metrics`)).text();
  const line = page.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
};
const deadLettered = (reason: string) =>
  count(`azid_event_messages_dead_lettered_total{source="main",reason="${reason}"}`);
const events = () =>
  count('azid_event_received_total{source="main",type="ResourceWriteSuccess",actionable="true"}');

let n = 0;
const event = (more: object = {}) => ({
  id: `e${n++}`,
  subject: WEB,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: new Date().toISOString(),
  data: { operationName: 'Microsoft.ManagedIdentity/userAssignedIdentities/write' },
  ...more,
});

let since: number;
beforeEach(() => {
  since = stage.mark;
  lines.length = 0;
});
const writes = () => stage.calls(since).filter((call) => !call.startsWith('GET'));

const BAD: readonly (readonly [string, () => string, string])[] = [
  ['another schema', () => '{"temperature":21}', 'UnknownSchema'],
  ['no JSON', () => '{', 'NotJson'],
  ['1 MiB and more', () => JSON.stringify({ ...event(), padding: 'x'.repeat(1_048_576) }), 'TooLarge'],
  ['10,000 elements', () => `[${Array(10_000).fill('{}').join()}]`, 'TooManyEvents'],
  ['neither an object nor an array', () => '7', 'NotAnEvent'],
  ['a subject that is no id', () => JSON.stringify(event({ subject: 'web' })), 'NoResourceId'],
  ['a field of another type', () => JSON.stringify(event({ eventTime: 7 })), 'MalformedEvent'],
];

it('a queue in which nothing can be read says so, until an event comes', async () => {
  await stage.declare('main', { suspend: true });
  await stage.reason('main', 'Suspended', 'InSync');
  await stage.declare('main');
  await stage.reason('main', 'Ready', 'Receiving');
  control().sendMessages({ id: stage.queue, bodies: ['{'] });
  const { status, message } = await stage.reason('main', 'Ready', 'UnreadableEvents');
  expect([status, message]).toEqual(['False', expect.stringMatching(/NotJson.*dead-letter queue/)]);
  control().sendMessages({ id: stage.queue, bodies: [JSON.stringify(event())] });
  await stage.reason('main', 'Ready', 'Receiving');
});

describe('a message', () => {
  it.each(BAD)('of %s', async (_, body, reason) => {
    const [dead, good] = [await deadLettered(reason), await events()];
    const before = control().queue({ id: stage.queue }).deadLetters.length;
    control().sendMessages({ id: stage.queue, bodies: [body(), JSON.stringify(event())] });
    await until('the event behind it to be taken', async () => (await events()) === good + 1);
    await rested();
    expect(await deadLettered(reason)).toBe(dead + 1);
    const letters = control().queue({ id: stage.queue }).deadLetters;
    expect(letters).toHaveLength(before + 1);
    expect(letters.at(-1)?.applicationProperties.DeadLetterReason).toBe(reason);
    const told = lines.filter(({ message }) => message.includes('cannot be understood'));
    expect(told).toMatchObject([{ fields: { eventSource: 'main', reason } }]);
    expect(writes()).toEqual([]);
  });

  it('from a clock that is off is counted, logged and taken', async () => {
    const off = () => count('azid_event_clock_off_total{source="main"}');
    const before = await off();
    const good = await events();
    const eventTime = '2041-01-01T00:00:00Z';
    control().sendMessages({ id: stage.queue, bodies: [JSON.stringify(event({ eventTime }))] });
    await until('it to be taken', async () => (await events()) === good + 1);
    await rested();
    expect(await off()).toBe(before + 1);
    expect(lines.filter(({ message }) => message.includes('time of an event'))).toHaveLength(1);
    expect(writes()).toEqual([]);
  });
});

describe('a queue', () => {
  const broken = () => count('azid_event_source_state{source="main",state="broken"}');
  it.each([
    ['of a wrong name', 'nowhere', 'QueueNotFound'],
    ['without rights', 'closed', 'AuthorizationFailed'],
  ])('%s is a condition, a metric and a line, until it is mended', async (_, queue, reason) => {
    if (queue === 'closed') control().createQueue({ namespace: 'events', name: queue });
    await stage.declare('main', { serviceBus: { namespace: stage.namespace, queue } });
    expect((await stage.reason('main', 'Ready', reason)).status).toBe('False');
    await until('the metric to say so', async () => (await broken()) === 1);
    expect(lines).toContainEqual({
      level: 'warn',
      message: 'the queue of events cannot be received from',
      fields: expect.objectContaining({
        eventSource: 'main',
        queue: expect.stringMatching(`/${queue}$`),
        reason,
      }),
    });
    await stage.declare('main');
    await stage.reason('main', 'Ready', 'Receiving');
    expect(await broken()).toBe(0);
    expect(writes()).toEqual([]);
  });
});
