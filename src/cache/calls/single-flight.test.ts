import { expect, test } from 'vitest';
import { Waits } from '../../runtime/waits.ts';
import { SingleFlight } from './single-flight.ts';

function setup() {
  const flights = new SingleFlight<number>();
  const started: PromiseWithResolvers<number>[] = [];
  const start = () => {
    const work = Promise.withResolvers<number>();
    started.push(work);
    return work.promise;
  };
  return { flights, started, start };
}

test('all who want the same share one call, and the next one is a new call', async () => {
  const { flights, started, start } = setup();
  const both = Promise.all([
    flights.join('a', { priority: 'resync' }, start),
    flights.join('a', { priority: 'resync' }, start),
  ]);
  expect(started).toHaveLength(1);
  started[0]?.resolve(7);
  expect(await both).toEqual([7, 7]);
  const again = flights.join('a', { priority: 'resync' }, start);
  started[1]?.resolve(8);
  expect(await again).toBe(8);
});

test('an edit does not wait behind a resync, a resync is content with an edit', () => {
  const { flights, started, start } = setup();
  void flights.join('a', { priority: 'resync' }, start);
  void flights.join('a', { priority: 'edit' }, start);
  expect(started).toHaveLength(2);
  void flights.join('a', { priority: 'event' }, start);
  void flights.join('b', { priority: 'event' }, start);
  expect(started).toHaveLength(3);
});

test('who gives up leaves the call to the others', async () => {
  const { flights, started, start } = setup();
  const given = new AbortController();
  const dropped = flights.join('a', { priority: 'edit', signal: given.signal }, start);
  const other = flights.join('a', { priority: 'edit' }, start);
  given.abort(new Error('enough'));
  await expect(dropped).rejects.toThrow('enough');
  started[0]?.resolve(1);
  expect(await other).toBe(1);
  await expect(flights.join('a', { priority: 'edit', signal: given.signal }, start)).rejects.toThrow(
    'enough',
  );
  expect(started).toHaveLength(1);
});

test('a failure reaches all, and is not kept', async () => {
  const { flights, started, start } = setup();
  const both = Promise.allSettled([
    flights.join('a', { priority: 'edit' }, start),
    flights.join('a', { priority: 'edit' }, start),
  ]);
  started[0]?.reject(new Error('no'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = flights.join('a', { priority: 'edit' }, start);
  started[1]?.resolve(1);
  expect(await again).toBe(1);
});

test('no namespace waits for the call of another, which has the other’s turn', () => {
  const { flights, started, start } = setup();
  void flights.join('a', { priority: 'edit', turn: 'many' }, start);
  void flights.join('a', { priority: 'edit', turn: 'few' }, start);
  expect(started).toHaveLength(2);
  void flights.join('a', { priority: 'event', turn: 'few' }, start);
  expect(started).toHaveLength(2);
  // azid's own reads wait as long as Azure asks: whoever has less patience does not join them.
  void flights.join('b', { priority: 'edit' }, start);
  void flights.join('b', { priority: 'edit', turn: 'few' }, start);
  expect(started).toHaveLength(4);
});

test('whoever waits for a shared call needs no worker meanwhile', async () => {
  const { flights, started, start } = setup();
  const waits = [new Waits(), new Waits()];
  const both = waits.map((each) => flights.join('a', { priority: 'edit', waits: each }, start));
  const given = new AbortController();
  const dropped = new Waits();
  const gone = flights.join('a', { priority: 'edit', waits: dropped, signal: given.signal }, start);
  expect([...waits, dropped].map(({ waiting }) => waiting)).toEqual([true, true, true]);
  given.abort(new Error('enough'));
  await expect(gone).rejects.toThrow('enough');
  expect(dropped.waiting).toBe(false);
  started[0]?.resolve(1);
  await Promise.all(both);
  expect(waits.map(({ waiting }) => waiting)).toEqual([false, false]);
});
