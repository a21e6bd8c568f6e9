import { beforeEach, describe, expect, test } from 'vitest';
import type { Priority } from '../outcome.ts';
import { FakeClock } from '../time/fake-clock.fixture.ts';
import { type QueueItem, WorkQueue } from './queue.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let clock: FakeClock;
let queue: WorkQueue;

beforeEach(() => {
  clock = new FakeClock();
  // The longest jitter: waits are the full 1, 2, 4 ... seconds.
  queue = new WorkQueue({ clock, random: () => 1 });
});

/** The next key, or undefined if none is ready. */
async function take(): Promise<QueueItem | undefined> {
  return queue.nextDueMs() === 0 ? await queue.get() : undefined;
}

/** Takes and finishes everything that is ready; the keys in order. */
async function drain(): Promise<string[]> {
  const keys: string[] = [];
  for (let item = await take(); item; item = await take()) {
    keys.push(item.key);
    queue.done(item.key);
  }
  return keys;
}

function addMany(count: number, priority: Priority): void {
  for (let i = 0; i < count; i++) queue.add(`${priority}-${i}`, priority);
}

describe('a key', () => {
  test('is held once, however often it is added', async () => {
    for (let i = 0; i < 3; i++) queue.add('a', 'event');
    expect(await drain()).toEqual(['a']);
  });

  test('never runs twice at once, and runs once more if it was added while running', async () => {
    queue.add('a', 'event');
    await take();
    queue.add('a', 'event');
    queue.add('a', 'event');
    expect(await take()).toBeUndefined();
    queue.done('a');
    expect(await drain()).toEqual(['a']);
  });

  test('runs again after the delay it was added with while running', async () => {
    queue.add('a', 'event');
    await take();
    queue.add('a', 'resync', MINUTE);
    queue.done('a');
    expect(queue.nextDueMs()).toBe(MINUTE);
    clock.advance(MINUTE);
    expect(await drain()).toEqual(['a']);
  });

  test('must be running to be done or retried', () => {
    queue.add('a', 'event');
    expect(() => queue.done('a')).toThrow('Expected `key` to be running, got `a`');
    expect(() => queue.retry('a', 'event')).toThrow('Expected `key` to be running, got `a`');
  });
});

describe('delays', () => {
  test('the earliest of several wins', () => {
    queue.add('a', 'event', 10 * SECOND);
    queue.add('a', 'event', 5 * SECOND);
    queue.add('a', 'event', 20 * SECOND);
    expect(queue.nextDueMs()).toBe(5 * SECOND);
  });

  test('a plain add makes a delayed key ready now, once', async () => {
    queue.add('a', 'event', HOUR);
    queue.add('a', 'event');
    expect(await drain()).toEqual(['a']);
    clock.advance(2 * HOUR);
    expect(await drain()).toEqual([]);
  });

  test('a delayed add does not hold back a key that is ready', async () => {
    queue.add('a', 'event');
    queue.add('a', 'event', HOUR);
    expect(await drain()).toEqual(['a']);
    expect(queue.nextDueMs()).toBeUndefined();
  });

  test('forty days are forty days', async () => {
    queue.add('a', 'resync', 40 * DAY);
    clock.advance(40 * DAY - 1);
    expect(await take()).toBeUndefined();
    clock.advance(1);
    expect(await take()).toMatchObject({ key: 'a', waitedMs: 0 });
  });

  test('a waiter goes on when a delay ends', async () => {
    const waiting = queue.get();
    queue.add('late', 'event', 2 * HOUR);
    queue.add('early', 'event', HOUR);
    clock.advance(HOUR);
    expect(await waiting).toMatchObject({ key: 'early' });
  });

  test('one timer serves all of them', () => {
    for (let i = 1; i <= 100; i++) queue.add(`k${i}`, 'resync', i * MINUTE);
    expect(clock.untilNext()).toBe(MINUTE);
    queue.shutdown();
    expect(clock.untilNext()).toBeUndefined();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('of %s ms are refused', (afterMs) => {
    expect(() => queue.add('a', 'event', afterMs)).toThrow('Expected `afterMs` to be a finite number');
  });
});

describe('order', () => {
  test('is edit, event, resync, and first come first served inside', async () => {
    for (const key of ['r1', 'r2']) queue.add(key, 'resync');
    for (const key of ['v1', 'v2']) queue.add(key, 'event');
    for (const key of ['e1', 'e2']) queue.add(key, 'edit');
    expect(await drain()).toEqual(['e1', 'e2', 'v1', 'v2', 'r1', 'r2']);
  });

  test('a re-add raises a class and never lowers it', async () => {
    queue.add('raised', 'resync');
    queue.add('event', 'event');
    queue.add('raised', 'edit');
    queue.add('raised', 'resync');
    expect(await drain()).toEqual(['raised', 'event']);
  });

  test('a delayed key is raised too', async () => {
    queue.add('a', 'resync', MINUTE);
    queue.add('a', 'edit', HOUR);
    clock.advance(MINUTE);
    expect(await take()).toMatchObject({ key: 'a', priority: 'edit' });
  });

  test('an edit added behind 10,000 resync keys is served next', async () => {
    addMany(10_000, 'resync');
    queue.add('edit', 'edit');
    expect(await take()).toMatchObject({ key: 'edit' });
  });

  test('an edit is served next also while 10,000 keys that waited long are worked off', async () => {
    addMany(10_000, 'resync');
    clock.advance(HOUR);
    for (let i = 0; i < 29; i++) expect(await take()).toMatchObject({ key: `resync-${i}` });
    queue.add('edit', 'edit');
    expect(await take()).toMatchObject({ key: 'edit' });
  });

  test('keys that waited five minutes share one turn in ten with a stream of edits', async () => {
    addMany(50, 'resync');
    clock.advance(5 * MINUTE - 1);
    addMany(1_000, 'edit');
    const before = [];
    for (let i = 0; i < 30; i++) before.push((await take())?.priority);
    expect(before.filter((priority) => priority === 'resync')).toEqual([]);
    clock.advance(1);
    const after = [];
    for (let i = 0; i < 100; i++) after.push((await take())?.priority);
    expect(after.filter((priority) => priority === 'resync')).toHaveLength(10);
  });

  test('when even the edits wait five minutes, the longest wait still gets its share', async () => {
    addMany(10, 'resync');
    clock.advance(MINUTE);
    addMany(1_000, 'edit');
    clock.advance(HOUR);
    const served = [];
    for (let i = 0; i < 100; i++) served.push((await take())?.key);
    expect(served.filter((key) => key?.startsWith('resync'))).toHaveLength(10);
  });
});

describe('failures', () => {
  async function fail(key: string, notBeforeMs?: number): Promise<void> {
    const item = await take();
    expect(item?.key).toBe(key);
    queue.retry(key, item?.priority ?? 'resync', notBeforeMs);
    queue.done(key);
  }

  test('back off per key, doubling, until forgotten', async () => {
    queue.add('a', 'event');
    queue.add('b', 'event');
    await fail('a');
    await fail('b');
    clock.advance(SECOND);
    await fail('a');
    expect([queue.failures('a'), queue.failures('b')]).toEqual([2, 1]);
    queue.done((await take())?.key ?? '');
    expect(queue.nextDueMs()).toBe(2 * SECOND);
    clock.advance(2 * SECOND);
    expect(await take()).toMatchObject({ key: 'a', attempt: 3 });
    queue.forget('a');
    queue.retry('a', 'event');
    queue.done('a');
    expect(queue.nextDueMs()).toBe(SECOND);
  });

  test('a retry keeps its class', async () => {
    queue.add('a', 'edit');
    await fail('a');
    clock.advance(SECOND);
    expect(await take()).toMatchObject({ priority: 'edit', attempt: 2 });
  });

  test('something new ends a back-off early', async () => {
    queue.add('a', 'event');
    await fail('a');
    queue.add('a', 'event');
    expect(await take()).toMatchObject({ key: 'a', attempt: 2 });
  });

  test('a time given by a server outlasts the back-off', async () => {
    queue.add('a', 'event');
    await fail('a', MINUTE);
    expect(queue.nextDueMs()).toBe(MINUTE);
  });

  test('what a closed rate-limit scope holds back comes when that opens, however often, and after any failures', async () => {
    queue.add('a', 'event');
    await fail('a');
    for (const seconds of [20, 5, 90, 1, 30, 2]) {
      clock.advance(queue.nextDueMs() ?? 0);
      const item = await take();
      expect(item).toMatchObject({ key: 'a', priority: 'event', attempt: 2 });
      queue.holdBack('a', 'event', seconds * SECOND);
      queue.done('a');
      expect(queue.nextDueMs()).toBe(seconds * SECOND);
      queue.add('a', 'resync');
      expect(queue.nextDueMs(), 'nothing but an edit brings it earlier').toBe(seconds * SECOND);
    }
    queue.add('a', 'edit');
    expect(queue.nextDueMs()).toBe(0);
  });

  test.each(['event', 'resync'] as const)('%s adds do not undercut a time given by a server', async (cls) => {
    queue.add('a', 'event');
    await fail('a', MINUTE);
    queue.add('a', cls);
    queue.add('a', cls, SECOND);
    expect(queue.nextDueMs()).toBe(MINUTE);
  });

  test('an add while running does not undercut it either', async () => {
    queue.add('a', 'event');
    const item = await take();
    queue.add('a', 'event');
    queue.retry('a', item?.priority ?? 'resync', MINUTE);
    queue.add('a', 'resync');
    queue.done('a');
    expect(queue.nextDueMs()).toBe(MINUTE);
  });

  test('an edit comes at once, and leaves the time standing for others', async () => {
    queue.add('a', 'event');
    await fail('a', MINUTE);
    queue.add('a', 'edit');
    await fail('a');
    queue.add('a', 'event');
    expect(queue.nextDueMs()).toBe(MINUTE);
  });

  test('a success lifts it', async () => {
    queue.add('a', 'event');
    await fail('a', MINUTE);
    queue.add('a', 'edit');
    await take();
    queue.forget('a');
    queue.done('a');
    queue.add('a', 'resync');
    expect(queue.nextDueMs()).toBe(0);
  });
});

describe('waiting for a key', () => {
  test('serves waiters in their order', async () => {
    const [first, second] = [queue.get(), queue.get()];
    queue.add('a', 'event');
    queue.add('b', 'event');
    expect((await first)?.key).toBe('a');
    expect((await second)?.key).toBe('b');
  });

  test('rejects on abort, and the key goes to the next one', async () => {
    const stop = new AbortController();
    const first = queue.get(stop.signal);
    const second = queue.get();
    stop.abort(new Error('stopping'));
    await expect(first).rejects.toThrow('stopping');
    await expect(queue.get(stop.signal)).rejects.toThrow('stopping');
    queue.add('a', 'event');
    expect((await second)?.key).toBe('a');
  });
});

describe('shutdown', () => {
  test('ends waiters, drops what waits, ignores adds, and lets running keys end', async () => {
    queue.add('running', 'event');
    await take();
    queue.add('running', 'event');
    queue.add('ready', 'event');
    queue.add('delayed', 'event', HOUR);
    const waiter = new WorkQueue({ clock, random: () => 1 });
    const waiting = waiter.get();
    waiter.shutdown();
    expect(await waiting).toBeUndefined();
    queue.shutdown();
    queue.add('late', 'edit');
    expect(queue.idle()).toBe(false);
    queue.retry('running', 'event');
    queue.done('running');
    expect(queue.idle()).toBe(true);
    expect(queue.nextDueMs()).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
    expect(clock.untilNext()).toBeUndefined();
  });
});

test('size and snapshot show states, classes and ages', async () => {
  queue.add('a', 'edit');
  await take();
  clock.advance(SECOND);
  queue.add('b', 'event');
  await take();
  queue.add('c', 'resync');
  queue.add('d', 'resync', HOUR);
  clock.advance(MINUTE);
  expect(queue.snapshot()).toEqual({
    ready: { edit: 0, event: 0, resync: 1 },
    delayed: { edit: 0, event: 0, resync: 1 },
    waiting: 0,
    running: { edit: 1, event: 1, resync: 0 },
    oldestWaitMs: MINUTE,
    unfinishedMs: 2 * MINUTE + SECOND,
    longestRunningMs: MINUTE + SECOND,
  });
});
