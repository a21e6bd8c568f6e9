import { expect, test } from 'vitest';
import { Waits } from '../../runtime/controller/workers.ts';
import { SingleFlight } from './single-flight.ts';

function setup() {
  const shared = new SingleFlight<number>();
  const started: PromiseWithResolvers<number>[] = [];
  const start = () => {
    const work = Promise.withResolvers<number>();
    started.push(work);
    return work.promise;
  };
  return { shared, started, start };
}

test('all who want the same share one call, and the next one is a new call', async () => {
  const { shared, started, start } = setup();
  const both = Promise.all([
    shared.join('a', { priority: 'resync' }, start),
    shared.join('a', { priority: 'resync' }, start),
  ]);
  expect(started).toHaveLength(1);
  started[0]?.resolve(7);
  expect(await both).toEqual([7, 7]);
  const again = shared.join('a', { priority: 'resync' }, start);
  started[1]?.resolve(8);
  expect(await again).toBe(8);
});

test('an edit does not wait behind a resync, a resync is content with an edit', () => {
  const { shared, started, start } = setup();
  void shared.join('a', { priority: 'resync' }, start);
  void shared.join('a', { priority: 'edit' }, start);
  expect(started).toHaveLength(2);
  void shared.join('a', { priority: 'event' }, start);
  void shared.join('b', { priority: 'event' }, start);
  expect(started).toHaveLength(3);
});

test('who gives up leaves the call to the others', async () => {
  const { shared, started, start } = setup();
  const given = new AbortController();
  const dropped = shared.join('a', { priority: 'edit', signal: given.signal }, start);
  const other = shared.join('a', { priority: 'edit' }, start);
  given.abort(new Error('enough'));
  await expect(dropped).rejects.toThrow('enough');
  started[0]?.resolve(1);
  expect(await other).toBe(1);
  await expect(shared.join('a', { priority: 'edit', signal: given.signal }, start)).rejects.toThrow('enough');
  expect(started).toHaveLength(1);
});

test('a failure reaches all, and is not kept', async () => {
  const { shared, started, start } = setup();
  const both = Promise.allSettled([
    shared.join('a', { priority: 'edit' }, start),
    shared.join('a', { priority: 'edit' }, start),
  ]);
  started[0]?.reject(new Error('no'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = shared.join('a', { priority: 'edit' }, start);
  started[1]?.resolve(1);
  expect(await again).toBe(1);
});

test('no namespace waits for the call of another, which has the other’s turn', () => {
  const { shared, started, start } = setup();
  void shared.join('a', { priority: 'edit', turn: 'many' }, start);
  void shared.join('a', { priority: 'edit', turn: 'few' }, start);
  expect(started).toHaveLength(2);
  void shared.join('a', { priority: 'event', turn: 'few' }, start);
  expect(started).toHaveLength(2);
  // azid's own reads wait as long as Azure asks: whoever has less patience does not join them.
  void shared.join('b', { priority: 'edit' }, start);
  void shared.join('b', { priority: 'edit', turn: 'few' }, start);
  expect(started).toHaveLength(4);
});

test('a reconcile that waits for a shared call needs no worker meanwhile', async () => {
  const { shared, started, start } = setup();
  const waits = [new Waits(), new Waits()];
  const both = waits.map((each) => shared.join('a', { priority: 'edit', waits: each }, start));
  const given = new AbortController();
  const dropped = new Waits();
  const gone = shared.join('a', { priority: 'edit', waits: dropped, signal: given.signal }, start);
  expect([...waits, dropped].map(({ waiting }) => waiting)).toEqual([true, true, true]);
  given.abort(new Error('enough'));
  await expect(gone).rejects.toThrow('enough');
  expect(dropped.waiting).toBe(false);
  started[0]?.resolve(1);
  await Promise.all(both);
  expect(waits.map(({ waiting }) => waiting)).toEqual([false, false]);
});
