import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventSource } from '../../api/event-source.ts';
import { Store } from '../../kube/informer/store.ts';
import { silentLog } from '../../runtime/log.ts';
import { systemClock } from '../../runtime/time/clock.ts';
import { type BusStage, startBusStage } from '../../simulator/service-bus/stage.fixture.ts';
import type { Hint } from '../hint.ts';
import { noEventMetrics } from '../metrics.fixture.ts';
import type { SourceSample } from '../metrics.ts';
import { SubscriptionArrivals } from '../subscription-arrivals.ts';
import { EventSources } from './event-sources.ts';

/** Consumers as objects come and go, on the simulator's broker. */
let stage: BusStage;
let store: Store<EventSource>;
let sources: EventSources;
let hints: Hint[];
let lines: string[];
let samples: () => Iterable<SourceSample>;
let version = 0;

let isMine: (key: string) => boolean;
beforeEach(async () => {
  isMine = () => true;
  stage = await startBusStage();
  store = new Store<EventSource>();
  hints = [];
  lines = [];
  sources = new EventSources({
    access: { credential: stage.credential(), endpoint: stage.namespace.endpoint },
    suffix: 'servicebus.windows.net',
    sink: {
      take(hint) {
        hints.push(hint);
        return 'read';
      },
    },
    metrics: {
      ...noEventMetrics,
      sources(read) {
        samples = read;
      },
    },
    arrivals: new SubscriptionArrivals({ clock: systemClock, inUse: () => ['s1', 's2'] }),
    isMine: (key) => isMine(key),
    clock: systemClock,
    random: () => 0,
    log: { ...silentLog, info: (_, message) => void lines.push(message), child: () => silentLog },
  });
});
afterEach(async () => {
  await sources[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

const source = (
  name: string,
  queue = 'events',
  more: Partial<EventSource['spec']> = {},
  uid = `uid-${name}`,
): EventSource => ({
  kind: 'EventSource',
  apiVersion: 'azid.dev/v1alpha1',
  metadata: {
    name,
    uid,
    creationTimestamp: `2026-11-23T10:00:0${name.length}Z`,
    resourceVersion: String(++version),
  },
  spec: { serviceBus: { namespace: stage.namespace.host, queue }, ...more },
});
const put = (object: EventSource) => store.take({ type: 'apply', object });
const remove = (object: EventSource) =>
  store.take({
    type: 'delete',
    object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } },
  });
const LONG = { timeout: 20_000 };
const links = () => stage.control.brokerLinks().map(({ queue }) => queue);
const receiving = (key: string) =>
  expect.poll(() => sources.observed(key)?.queue?.connection.state, LONG).toBe('receiving');

test('without an object it logs once how azid learns of changes, and nothing connects', () => {
  sources.follow(store, () => {});
  expect(lines).toEqual([expect.stringMatching(/no EventSource/)]);
  expect([...samples()]).toEqual([]);
});

test('an object is received for from when it is there until it is gone, and while it is not suspended', async () => {
  sources.follow(store, () => {});
  const first = source('a');
  put(first);
  await receiving('a');
  expect(links()).toEqual(['events']);
  expect([...samples()]).toMatchObject([{ source: 'a', state: 'receiving', silentMs: undefined }]);
  put(source('a', 'events', { suspend: true }));
  await expect.poll(links, LONG).toEqual([]);
  expect(sources.observed('a')).toEqual({ assignment: { type: 'off' } });
  expect([...samples()]).toMatchObject([{ source: 'a', state: 'idle' }]);
  put(source('a'));
  await receiving('a');
  remove(first);
  await expect.poll(links, LONG).toEqual([]);
  expect(sources.observed('a')).toBeUndefined();
  expect([...samples()]).toEqual([]);
});

test('an edit of what is no address keeps the connection; another queue, or a namesake, has its own', async () => {
  stage.control.createQueue({ namespace: 'simulated', name: 'more' });
  put(source('a'));
  sources.follow(store, () => {});
  await receiving('a');
  const tokens = stage.control.tokensPut().length;
  put(source('a', 'events', { expectWithin: '1h' }));
  stage.send('{');
  await expect.poll(() => stage.state().deadLetters, LONG).toHaveLength(1);
  expect(stage.control.tokensPut()).toHaveLength(tokens);
  put(source('a', 'more'));
  await expect.poll(links, LONG).toEqual(['more']);
  await receiving('a');
  put(source('a', 'more', {}, 'another'));
  await expect.poll(() => stage.control.tokensPut().length, LONG).toBeGreaterThanOrEqual(tokens + 2);
  await receiving('a');
  await expect.poll(links, LONG).toEqual(['more']);
});

test('of two with one queue the older receives, and the younger once that one is gone', async () => {
  sources.follow(store, () => {});
  const old = source('a');
  put(source('ab'));
  await receiving('ab');
  put(old);
  await receiving('a');
  await expect.poll(links, LONG).toEqual(['events']);
  expect(sources.observed('ab')).toEqual({ assignment: { type: 'taken', by: 'a' } });
  remove(old);
  await receiving('ab');
});

test('all go into one sink, whichever queue they come by', async () => {
  const more = stage.control.createQueue({ namespace: 'simulated', name: 'more' }).id;
  put(source('a'));
  put(source('b', 'more'));
  sources.follow(store, () => {});
  const event = (id: string) =>
    JSON.stringify({
      id,
      subject: `/subscriptions/s1/resourceGroups/${id}`,
      eventType: 'Microsoft.Resources.ResourceDeleteSuccess',
      data: { operationName: 'Microsoft.Resources/subscriptions/resourceGroups/delete' },
    });
  stage.send(event('x'));
  stage.control.sendMessages({ id: more, bodies: [event('y')] });
  await expect.poll(() => hints.map(({ id }) => id.at(-1)).sort(), LONG).toEqual(['x', 'y']);
  expect([...samples()].every(({ silentMs }) => silentMs !== undefined)).toBe(true);
  for (const { subscriptions } of samples())
    expect(subscriptions).toEqual([
      { subscription: 's1', silentMs: expect.any(Number) },
      { subscription: 's2', silentMs: undefined },
    ]);
});

test('what changes about a source is emitted with its key, at once where it matters', async () => {
  const reported: [string, boolean][] = [];
  put(source('a'));
  sources.follow(store, (key, soon) => void reported.push([key, soon]));
  await receiving('a');
  expect(reported).toEqual([['a', true]]);
  stage.send('{');
  await expect.poll(() => reported, LONG).toHaveLength(2);
  stage.send('[');
  await expect.poll(() => reported, LONG).toHaveLength(3);
  expect(reported.slice(1)).toEqual([
    ['a', true],
    ['a', false],
  ]);
});

test('what is another process’s to receive for is left to it, until it is this one’s', async () => {
  let mine = 'a';
  isMine = (key) => key === mine;
  stage.control.createQueue({ namespace: 'simulated', name: 'more' });
  sources.follow(store, () => {});
  put(source('a'));
  put(source('bb', 'more'));
  await receiving('a');
  expect([links(), sources.observed('bb')]).toEqual([['events'], undefined]);
  expect([...samples()].map((each) => each.source)).toEqual(['a']);
  mine = 'bb';
  put(source('bb', 'more', { suspend: false }));
  await receiving('bb');
  await expect.poll(links, LONG).toEqual(['more']);
});
