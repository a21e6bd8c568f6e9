import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../runtime/log.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { KubeClient } from './client.ts';
import type { EventRecord } from './event-series.ts';
import { EventRecorder, type EventRecorderOptions } from './events.ts';
import { configMap } from './objects.fixture.ts';
import { type Exchange, ScriptedServer } from './transport/scripted-server.fixture.ts';
import { KubeTransport } from './transport/transport.ts';
import { until } from './until.fixture.ts';

let server: ScriptedServer;
let clock: FakeClock;
let transport: KubeTransport;
let recorder: EventRecorder;
let dropped: object[];
let random: number;

const accept = (exchange: Exchange) => exchange.json(exchange.body ?? {}) === undefined;
const written = () => server.exchanges.map(({ method, body }) => ({ method, body }));

/** Until `count` requests were made and the last one's answer was read: no call without its time limit. */
const idle = (count: number) =>
  until(() => server.exchanges.length === count && clock.untilNext() === undefined);

beforeEach(async () => {
  server = await ScriptedServer.start();
  server.handler = accept;
  clock = new FakeClock();
  transport = new KubeTransport({ endpoint: server.endpoint, clock, userAgent: 'azid/test' });
  dropped = [];
  random = 0;
  recorder = open();
});

afterEach(async () => {
  await transport.close();
  await server[Symbol.asyncDispose]();
});

function open(options: Partial<EventRecorderOptions> = {}): EventRecorder {
  return new EventRecorder({
    client: new KubeClient(transport),
    clock,
    random: () => ++random / 1000,
    reportingController: 'azid.dev/controller',
    reportingInstance: 'azid-0',
    log: { ...silentLog, debug: (fields) => void dropped.push(fields) },
    ...options,
  });
}

const happening = (more: Partial<EventRecord> = {}): EventRecord => ({
  regarding: configMap('a', 7),
  type: 'Normal',
  reason: 'Created',
  action: 'CreateIdentity',
  note: 'made it',
  ...more,
});

describe('an event', () => {
  it('is written as events.k8s.io/v1 in the namespace of its object', async () => {
    recorder.record(happening({ annotations: { 'azid.dev/correlation-id': 'x' } }));
    await recorder.flush(5_000);
    const [exchange] = server.exchanges;
    expect([exchange?.method, exchange?.path]).toEqual([
      'POST',
      '/apis/events.k8s.io/v1/namespaces/test/events',
    ]);
    expect(exchange?.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: expect.stringMatching(/^a\.[0-9a-f]+$/),
        namespace: 'test',
        annotations: { 'azid.dev/correlation-id': 'x' },
      },
      eventTime: '2026-11-23T10:00:00.000000Z',
      type: 'Normal',
      reason: 'Created',
      action: 'CreateIdentity',
      note: 'made it',
      regarding: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'test',
        name: 'a',
        uid: 'uid-a',
        resourceVersion: '7',
      },
      reportingController: 'azid.dev/controller',
      reportingInstance: 'azid-0',
    });
  });

  it('has its note cut at 1024 bytes, between characters', async () => {
    recorder.record(happening({ note: '€'.repeat(2_000) }));
    await recorder.flush(5_000);
    const note: string = server.exchanges[0]?.body.note;
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^€{340}…$/);
  });

  it('about a cluster-scoped object goes to the namespace default', async () => {
    const { namespace: _, ...metadata } = configMap('policy', 1).metadata;
    recorder.record(happening({ regarding: { ...configMap('policy', 1), metadata } }));
    await recorder.flush(5_000);
    expect(server.exchanges[0]?.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events');
    expect(server.exchanges[0]?.body.regarding).not.toHaveProperty('namespace');
  });
});

describe('what is alike', () => {
  it('within ten minutes becomes a series on the same Event', async () => {
    recorder.record(happening());
    await idle(1);
    clock.advance(600_000);
    recorder.record(happening());
    await recorder.flush(5_000);
    const name = server.exchanges[0]?.body.metadata.name;
    expect(server.exchanges[1]?.path).toBe(`/apis/events.k8s.io/v1/namespaces/test/events/${name}`);
    expect(written()[1]).toEqual({
      method: 'PATCH',
      body: { series: { count: 2, lastObservedTime: '2026-11-23T10:10:00.000000Z' } },
    });
  });

  it('and waits for its write together is one write with the count', async () => {
    recorder.record(happening());
    recorder.record(happening());
    recorder.record(happening());
    await recorder.flush(5_000);
    expect(written().map(({ method, body }) => [method, body.series?.count])).toEqual([['POST', 3]]);
  });

  it('after more than ten minutes is a new Event', async () => {
    recorder.record(happening());
    await idle(1);
    clock.advance(600_001);
    recorder.record(happening());
    await recorder.flush(5_000);
    expect(written().map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it.each([
    ['note', { note: 'other' }],
    ['reason', { reason: 'Other' }],
    ['object', { regarding: configMap('a', 7, { uid: 'other' }) }],
  ])('is not what differs in its %s', async (_, more) => {
    recorder.record(happening());
    recorder.record(happening(more));
    await recorder.flush(5_000);
    expect(written().map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('is written anew when the server has forgotten the Event', async () => {
    recorder.record(happening());
    await idle(1);
    server.handler = (exchange) =>
      exchange.method === 'PATCH' ? exchange.fail(404, 'NotFound') === undefined : accept(exchange);
    recorder.record(happening());
    await recorder.flush(5_000);
    expect(written().map(({ method, body }) => [method, body.series?.count])).toEqual([
      ['POST', undefined],
      ['PATCH', 2],
      ['POST', 2],
    ]);
  });
});

describe('too much', () => {
  it('about one object is 25 at once, then one per five minutes, and others are not held back', async () => {
    const record = (count: number) => {
      for (let n = 0; n < count; n++) recorder.record(happening({ note: `note ${random}-${n}` }));
    };
    record(40);
    recorder.record(happening({ regarding: configMap('b', 1) }));
    await idle(26);
    clock.advance(299_999);
    record(1);
    clock.advance(1);
    record(2);
    await recorder.flush(5_000);
    expect(server.exchanges.length).toBe(27);
    expect(dropped).toContainEqual({ reason: 'Created', why: 'too many for one object' });
  });

  it('for the queue is dropped', async () => {
    const small = open({ queueLimit: 2 });
    for (const name of ['a', 'b', 'c']) small.record(happening({ regarding: configMap(name, 1) }));
    await small.flush(5_000);
    expect(server.exchanges.length).toBe(2);
    expect(dropped).toEqual([{ reason: 'Created', why: 'queue full' }]);
  });
});

describe('a failure', () => {
  it.each([
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [422, 'Invalid'],
  ])('with %i drops the event without another try, and the next one is written', async (status, reason) => {
    server.handler = undefined;
    recorder.record(happening());
    recorder.record(happening({ note: 'next' }));
    (await server.next()).fail(status, reason);
    (await server.next()).json({});
    await recorder.flush(5_000);
    expect(server.exchanges.map(({ body }) => body.note)).toEqual(['made it', 'next']);
    expect(dropped).toEqual([{ event: 'Created', reason, status }]);
  });

  it('that may pass is tried three times', async () => {
    server.handler = undefined;
    recorder.record(happening());
    (await server.next()).fail(503, 'ServiceUnavailable');
    await until(() => clock.untilNext() === 1_000);
    clock.advance(1_000);
    (await server.next()).fail(429, 'TooManyRequests', {}, { 'retry-after': '4' });
    await until(() => clock.untilNext() === 4_000);
    clock.advance(4_000);
    (await server.next()).fail(503, 'ServiceUnavailable');
    await until(() => dropped.length === 1);
    expect(server.exchanges.length).toBe(3);
  });

  it('of the first try that got through is no failure of the second', async () => {
    server.handler = undefined;
    recorder.record(happening());
    (await server.next()).reset();
    await until(() => clock.untilNext() === 1_000);
    clock.advance(1_000);
    (await server.next()).fail(409, 'AlreadyExists');
    await recorder.flush(5_000);
    expect(dropped).toEqual([]);
  });

  it('inside the recorder never reaches the caller', () => {
    const broken = { ...happening(), regarding: {} } as EventRecord;
    expect(() => recorder.record(broken)).not.toThrow();
    expect(dropped.length).toBe(1);
  });
});

describe('flush', () => {
  it('takes no more events', async () => {
    await recorder.flush(5_000);
    recorder.record(happening());
    expect(dropped).toEqual([{ reason: 'Created', why: 'stopped' }]);
  });

  it('ends at its deadline and drops what is left', async () => {
    server.handler = undefined;
    recorder.record(happening());
    recorder.record(happening({ note: 'second' }));
    await server.next();
    const flushed = recorder.flush(5_000);
    clock.advance(5_000);
    await flushed;
    expect(dropped.length).toBe(2);
    expect(server.exchanges.length).toBe(1);
    expect(clock.untilNext()).toBeUndefined();
  });
});
