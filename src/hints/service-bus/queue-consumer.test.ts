import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { type Clock, systemClock } from '../../runtime/time/clock.ts';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type BusStage, startBusStage } from '../../simulator/service-bus/stage.fixture.ts';
import type { Hint, HintEffect } from '../hint.ts';
import type { SourceMetrics } from '../metrics.ts';
import { QueueConsumer, type QueueConsumerOptions } from './queue-consumer.ts';
import type { QueueState } from './queue-state.ts';

/** The consumer on the simulator's broker, by the unchanged client: what it takes, how it settles, and what it bears. */
let stage: BusStage;
let running: AsyncDisposableStack;
beforeEach(async () => {
  stage = await startBusStage();
  running = new AsyncDisposableStack();
});
afterEach(async () => {
  await running.disposeAsync();
  await stage[Symbol.asyncDispose]();
});

const GROUP = '/subscriptions/s1/resourceGroups/rg1';
const vm = (name: string) => `${GROUP}/providers/Microsoft.Compute/virtualMachines/${name}`;
const event = (id: string, more: object = {}) => ({
  id,
  subject: vm(id),
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: new Date(stage.clock.now() - 1_000).toISOString(),
  dataVersion: '2',
  metadataVersion: '1',
  data: { operationName: 'Microsoft.Compute/virtualMachines/write', correlationId: 'c1' },
  ...more,
});
const send = (...events: object[]) => stage.send(...events.map((each) => JSON.stringify(each)));

/** Counts what the consumer tells. */
function counting() {
  const counts: Record<string, number> = {};
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const ages: number[] = [];
  const metrics: SourceMetrics = {
    received: (type, actionable) => count(`received ${type} ${actionable}`),
    age: (ms) => void ages.push(ms),
    dropped: (reason) => count(`dropped ${reason}`),
    settled: count,
    deadLettered: (reason) => count(`dead ${reason}`),
    clockOff: () => count('clockOff'),
  };
  return { counts, ages, metrics };
}

interface Started {
  readonly consumer: QueueConsumer;
  readonly hints: Hint[];
  readonly names: () => string[];
  readonly counts: Record<string, number>;
  readonly ages: number[];
  readonly states: QueueState['connection']['state'][];
  /** Ends when the consumer has. */
  stop(): Promise<void>;
}

function start({
  queue = 'events',
  clock = systemClock,
  take = () => 'read',
  ...more
}: Partial<Omit<QueueConsumerOptions, 'sink'>> & {
  readonly queue?: string;
  readonly clock?: Clock;
  readonly take?: (hint: Hint) => HintEffect;
} = {}): Started {
  const hints: Hint[] = [];
  const states: QueueState['connection']['state'][] = [];
  const { counts, ages, metrics } = counting();
  const consumer = new QueueConsumer({
    address: { namespace: stage.namespace.host, queue },
    access: { credential: stage.credential(), endpoint: stage.namespace.endpoint, callLimitMs: 3_000 },
    sink: {
      take(hint) {
        hints.push(hint);
        return take(hint);
      },
    },
    metrics,
    clock,
    // Half of each wait at least: the shortest there is.
    random: () => 0,
    log: silentLog,
    onChange: () => {
      const { state } = consumer.state.connection;
      if (states.at(-1) !== state) states.push(state);
    },
    ...more,
  });
  const end = new AbortController();
  const ended = consumer.run(end.signal);
  const stop = async () => {
    end.abort(new Error('stop'));
    await ended;
  };
  running.defer(stop);
  const names = () => hints.map(({ id }) => id.split('/').at(-1) ?? '');
  return { consumer, hints, names, counts, ages, states, stop };
}

const LONG = { timeout: 30_000 };
const empty = () =>
  expect
    .poll(() => stage.state(), LONG)
    .toMatchObject({ ready: 0, locked: 0, messages: [], deadLetters: [] });
const state = ({ consumer }: Started) => expect.poll(() => consumer.state.connection, LONG);

describe('what is taken', () => {
  test('each event once, in either schema, and every message is completed', async () => {
    const started = start();
    const { eventType: type, eventTime: time, dataVersion: _, metadataVersion: __, ...rest } = event('c');
    send(event('a'), [event('b1'), event('b2')], { specversion: '1.0', type, time, source: '/x', ...rest });
    await empty();
    expect(started.names().sort()).toEqual(['a', 'b1', 'b2', 'c']);
    await expect
      .poll(() => started.counts, LONG)
      .toEqual({ 'received ResourceWriteSuccess true': 4, completed: 3 });
    expect(started.ages).toHaveLength(4);
    expect(started.hints[0]).toMatchObject({ source: 'event', correlationId: 'c1', result: 'Succeeded' });
    expect(started.consumer.state).toMatchObject({
      connection: { state: 'receiving' },
      lastEventAt: expect.any(Number),
    });
  });

  test('the event of a write in the simulated Azure, with the correlation id of its answer and the caller', async () => {
    const started = start();
    const topic = stage.control.createSystemTopic({ name: 'all', resourceGroup: 'rg1' }).id;
    stage.control.createEventSubscription({ topic, name: 'to-queue', queue: stage.queue });
    const path = `/subscriptions/${stage.simulator.subscriptionId}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1?api-version=2024-11-30`;
    const { headers } = await stage.control.arm({ method: 'PUT', path, body: { location: 'westeurope' } });
    await expect.poll(() => started.hints, LONG).toHaveLength(1);
    expect(started.hints[0]).toMatchObject({
      operation: 'Microsoft.ManagedIdentity/userAssignedIdentities/write',
      correlationId: headers['x-ms-correlation-request-id'],
      caller: { objectId: expect.any(String) },
    });
    await empty();
  });

  test('doubles are taken once, also when they come much later and in other company', async () => {
    const started = start();
    send(event('a'), event('a'), [event('b'), event('a')]);
    await empty();
    send(event('b'));
    await empty();
    expect(started.names()).toEqual(['a', 'b']);
    await expect.poll(() => started.counts, LONG).toMatchObject({ 'dropped Duplicate': 3, completed: 4 });
  });

  test('what the sink finds to be azid’s own or not in use, and what changes nothing, is counted and completed', async () => {
    const started = start({ take: ({ id }) => (id.endsWith('mine') ? 'own' : 'irrelevant') });
    const action = { data: { operationName: 'Microsoft.Compute/virtualMachines/start/action' } };
    send(
      event('mine'),
      event('theirs'),
      event('s', action),
      event('b', { eventType: 'Microsoft.Storage.BlobCreated' }),
    );
    await empty();
    await expect
      .poll(() => started.counts, LONG)
      .toEqual({
        'received ResourceWriteSuccess false': 3,
        'received other false': 1,
        'dropped Own': 1,
        'dropped Irrelevant': 1,
        'dropped IrrelevantOperation': 1,
        'dropped OtherEventType': 1,
        completed: 4,
      });
  });

  test('a thousand at once, in any order, each once', async () => {
    const started = start();
    send(...Array.from({ length: 1_000 }, (_, i) => event(`v${i}`)));
    await empty();
    expect(new Set(started.names()).size).toBe(1_000);
    expect(started.hints).toHaveLength(1_000);
  });

  test('an event of another source does not count as word from Resource Manager', async () => {
    const started = start();
    send(event('b', { eventType: 'Microsoft.Storage.BlobCreated' }));
    await empty();
    expect(started.consumer.state).toMatchObject({ others: true });
    expect(started.consumer.state.lastEventAt).toBeUndefined();
    send(event('c'));
    await empty();
    expect(started.consumer.state).not.toHaveProperty('others');
  });
});

describe('what can never be understood goes to the dead letters with its reason, and stops nothing', () => {
  const large = () => JSON.stringify({ ...event('x'), padding: 'x'.repeat(1_048_576) });
  test.each<[string, () => string, string, RegExp]>([
    ['text that is no JSON', () => '{', 'NotJson', /expected JSON/],
    ['another schema', () => '{"hello":"world"}', 'UnknownSchema', /delivery schema/],
    ['a message of 1 MiB and more', large, 'TooLarge', /at most 1048576 bytes/],
    ['10,000 elements', () => `[${Array(10_000).fill('{}').join()}]`, 'TooManyEvents', /at most 5000/],
    ['arrays in arrays', () => `${'['.repeat(9_000)}${']'.repeat(9_000)}`, 'NotAnEvent', /an array/],
    [
      'a subject that is no id',
      () => JSON.stringify(event('x', { subject: 'vm' })),
      'NoResourceId',
      /ARM id/,
    ],
    [
      'a field of another type',
      () => JSON.stringify(event('x', { eventTime: 7 })),
      'MalformedEvent',
      /eventTime/,
    ],
  ])('%s', async (_, body, reason, description) => {
    const started = start();
    stage.send(body(), JSON.stringify(event('after')));
    await expect.poll(() => stage.state(), LONG).toMatchObject({ ready: 0, locked: 0 });
    expect(stage.state().deadLetters).toMatchObject([
      {
        applicationProperties: {
          DeadLetterReason: reason,
          DeadLetterErrorDescription: expect.stringMatching(description),
        },
      },
    ]);
    expect(started.names()).toEqual(['after']);
    await expect
      .poll(() => started.counts, LONG)
      .toMatchObject({ [`dead ${reason}`]: 1, deadLettered: 1, completed: 1 });
  });

  test('each message of a batch has an outcome of its own', async () => {
    const started = start();
    stage.send('{', JSON.stringify(event('a')), '{"hello":"world"}', '[]', JSON.stringify(event('b')));
    await expect.poll(() => stage.state(), LONG).toMatchObject({ ready: 0, locked: 0 });
    expect(stage.state().deadLetters.map((each) => each.applicationProperties.DeadLetterReason)).toEqual([
      'NotJson',
      'UnknownSchema',
      'NotAnEvent',
    ]);
    await expect.poll(() => started.counts, LONG).toMatchObject({ completed: 2, deadLettered: 3 });
  });

  test('what is understood of such a message is taken all the same', async () => {
    const started = start();
    send([event('a'), { hello: 'world' }]);
    await expect.poll(() => stage.state().deadLetters, LONG).toHaveLength(1);
    expect(started.names()).toEqual(['a']);
  });

  test('a queue of nothing else shows as such, until an event comes; one among events does not', async () => {
    const started = start();
    stage.send('{"hello":"world"}');
    await expect
      .poll(() => started.consumer.state.unreadable, LONG)
      .toMatchObject({ reason: 'UnknownSchema' });
    send(event('a'));
    await expect.poll(() => started.consumer.state.unreadable, LONG).toBeUndefined();
    stage.send('{');
    await expect.poll(() => stage.state().deadLetters, LONG).toHaveLength(2);
    expect(started.consumer.state.unreadable).toBeUndefined();
  });

  test('a message that the sink chokes on is given back, and ends in the dead letters after ten deliveries', async () => {
    const started = start({
      take({ id }) {
        if (id.endsWith('poison')) throw new Error('choked');
        return 'read';
      },
    });
    send(event('poison'), event('after'));
    await expect
      .poll(() => stage.state().deadLetters, LONG)
      .toMatchObject([{ applicationProperties: { DeadLetterReason: 'MaxDeliveryCountExceeded' } }]);
    expect(started.names().filter((name) => name === 'after')).toHaveLength(1);
    await expect.poll(() => started.counts, LONG).toMatchObject({ abandoned: 10, completed: 1 });
  });

  test('a time that cannot be right is counted, and the event taken', async () => {
    const started = start();
    send(event('a', { eventTime: '2031-01-01T00:00:00Z' }));
    await empty();
    await expect.poll(() => started.counts, LONG).toMatchObject({ clockOff: 1, completed: 1 });
    expect(started.hints[0]?.at).toBe(stage.clock.now());
  });

  test('a message from the future shows that the clocks of azid and the broker differ: taken, counted, and known', async () => {
    const started = start();
    send(event('a'));
    await expect.poll(() => started.names(), LONG).toEqual(['a']);
    expect(started.consumer.state.clocks).toBeUndefined();
    stage.clock.advance(12 * 60_000);
    send(event('b'));
    await expect
      .poll(() => started.consumer.state.clocks, LONG)
      .toEqual({ verdict: 'brokerAhead', minutes: 12 });
    await empty();
    expect(started.names()).toEqual(['a', 'b']);
    expect(started.counts).toMatchObject({ clockOff: 1 });
  });
});

describe('a message that could not be settled comes again and is not taken twice', () => {
  test.each<[string, () => void]>([
    [
      'its lock was lost',
      () => stage.control.addBrokerFault({ at: 'settle', effect: 'lock-lost', count: 1 }),
    ],
    [
      'its connection was dropped between receiving and settling',
      () => {
        stage.control.setKnobs({ serviceBus: { locksEndWithLink: true } });
        stage.control.dropBrokerConnections();
      },
    ],
    ['its locks were ended by force', () => stage.control.expireLocks({ id: stage.queue })],
  ])('%s', async (_, trouble) => {
    let done = false;
    const started = start({
      take() {
        if (!done) trouble();
        done = true;
        return 'read';
      },
    });
    send(event('a'));
    await expect
      .poll(() => (started.counts.failed ?? 0) + (started.counts.completed ?? 0), LONG)
      .toBeGreaterThan(0);
    stage.clock.advance(60_000);
    await empty();
    expect(started.names()).toEqual(['a']);
    send(event('b'));
    await empty();
    expect(started.names()).toEqual(['a', 'b']);
  });
});

describe('it connects again for ever', () => {
  test('after its connection was dropped, detached, or closed by force', async () => {
    const started = start();
    await state(started).toMatchObject({ state: 'receiving' });
    const troubles = [
      () => stage.control.dropBrokerConnections(),
      () => stage.control.detachLinks({ queue: 'events' }),
      () => stage.control.endBrokerSessions({ condition: 'amqp:internal-error' }),
      () => stage.control.closeBrokerConnections(),
    ];
    for (const [at, trouble] of troubles.entries()) {
      await expect.poll(() => stage.control.brokerLinks(), LONG).toMatchObject([{ waits: true }]);
      trouble();
      send(event(`e${at}`));
      await empty();
    }
    expect(started.names()).toEqual(['e0', 'e1', 'e2', 'e3']);
  });

  test('after the broker was away for a minute: what came meanwhile is taken, once', async () => {
    const clock = new FakeClock();
    const started = start({ clock });
    await state(started).toMatchObject({ state: 'receiving' });
    await stage.control.brokerAway();
    await state(started).toMatchObject({ state: 'broken', failure: { reason: 'BrokerUnavailable' } });
    send(event('a'), event('b'));
    for (let waited = 0; waited < 60_000; waited += 5_000) clock.advance(5_000);
    await stage.control.brokerBack();
    await expect
      .poll(() => {
        clock.advance(1_000);
        return started.names().sort();
      }, LONG)
      .toEqual(['a', 'b']);
    await empty();
    expect(started.states).toEqual(['receiving', 'broken', 'receiving']);
  });

  test('a right that is missing is reported as such, and when it is given everything is well', async () => {
    const clock = new FakeClock();
    stage.control.dropRights({ principalId: stage.principalId });
    const started = start({ clock });
    await state(started).toMatchObject({ state: 'broken', failure: { reason: 'AuthorizationFailed' } });
    stage.control.grant({
      principalId: stage.principalId,
      role: 'Azure Service Bus Data Receiver',
      scope: stage.queue,
    });
    await expect
      .poll(() => {
        // Slowly: a call that does not come back within 40 s is given up, and to connect takes real time.
        clock.advance(1_000);
        return started.consumer.state.connection.state;
      }, LONG)
      .toBe('receiving');
  });

  test.each<[string, () => Partial<QueueConsumerOptions> & { queue?: string }, string]>([
    ['a queue that does not exist', () => ({ queue: 'nowhere' }), 'QueueNotFound'],
    [
      'no token to be had',
      () => ({
        access: {
          endpoint: stage.namespace.endpoint,
          credential: {
            getToken: () =>
              Promise.reject(Object.assign(new Error('AADSTS700016'), { name: 'AuthenticationError' })),
          },
        },
      }),
      'AzureAuthenticationFailed',
    ],
    [
      'a `$cbs` that refuses',
      () => {
        stage.control.addBrokerFault({ at: 'put-token', status: 500 });
        return {};
      },
      'BrokerUnavailable',
    ],
    [
      'a busy broker',
      () => {
        stage.control.addBrokerFault({ at: 'attach', condition: 'com.microsoft:server-busy' });
        return {};
      },
      'Throttled',
    ],
    [
      'nobody at the address',
      () => ({ access: { credential: stage.credential(), endpoint: 'sb://127.0.0.1:9' } }),
      'BrokerUnavailable',
    ],
  ])('%s', async (_, options, reason) => {
    await state(start(options())).toMatchObject({ state: 'broken', failure: { reason } });
  });

  test('a queue that is made later', async () => {
    const clock = new FakeClock();
    const started = start({ clock, queue: 'later' });
    await state(started).toMatchObject({ failure: { reason: 'QueueNotFound' } });
    stage.control.createQueue({ namespace: 'simulated', name: 'later' });
    await expect
      .poll(() => {
        // Slowly: a call that does not come back within 40 s is given up, and to connect takes real time.
        clock.advance(1_000);
        return started.consumer.state.connection.state;
      }, LONG)
      .toBe('receiving');
  });

  test('with a token that ended, by a new one', async () => {
    const started = start();
    await state(started).toMatchObject({ state: 'receiving' });
    await expect.poll(() => stage.control.brokerLinks(), LONG).toMatchObject([{ waits: true }]);
    const before = stage.control.tokensPut().length;
    stage.clock.advance(24 * 3_600_000);
    send(event('a'));
    await empty();
    expect(started.names()).toEqual(['a']);
    expect(stage.control.tokensPut().length).toBeGreaterThan(before);
  });
});

describe('it stops', () => {
  test('at once while it waits for messages, and leaves no connection', async () => {
    const started = start();
    await state(started).toMatchObject({ state: 'receiving' });
    await expect.poll(() => stage.control.brokerLinks(), LONG).toMatchObject([{ waits: true }]);
    await started.stop();
    await expect.poll(() => stage.control.brokerLinks(), LONG).toEqual([]);
    send(event('a'));
    expect(stage.state()).toMatchObject({ ready: 1, locked: 0 });
  });

  test('at once while it waits to try again, and while the broker is away', async () => {
    await stage.control.brokerAway();
    const started = start({ clock: new FakeClock() });
    await state(started).toMatchObject({ state: 'broken' });
    await started.stop();
    expect(started.hints).toEqual([]);
  });

  test('and gives back what it has in hand and did not take, for the next leader', async () => {
    send(event('a'), event('b'), event('c'));
    const started: Started = start({
      take() {
        void started.stop();
        return 'read';
      },
    });
    await expect.poll(() => started.names(), LONG).toEqual(['a']);
    await started.stop();
    await expect.poll(() => started.counts, LONG).toMatchObject({ completed: 1, abandoned: 2 });
    expect(stage.state()).toMatchObject({
      ready: 2,
      locked: 0,
      messages: [{ deliveryCount: 1 }, { deliveryCount: 1 }],
    });
  });

  test('before it began', async () => {
    const started = start();
    await started.stop();
    expect(started.consumer.state.connection).toEqual({ state: 'connecting' });
  });

  test('while nothing that it settles is answered, after a limit', async () => {
    const clock = new FakeClock();
    stage.control.addBrokerFault({ at: 'settle', effect: 'silence' });
    const started = start({ clock });
    send(event('a'));
    await expect.poll(() => started.names(), LONG).toEqual(['a']);
    let stopped = false;
    void started.stop().then(() => {
      stopped = true;
    });
    await expect
      .poll(() => {
        clock.advance(5_000);
        return stopped;
      }, LONG)
      .toBe(true);
  });
});
