import { expect, test } from 'vitest';
import { Flights } from './flights.ts';
import { KeyIndex } from './key-index.ts';

function setup() {
  const flights = new Flights<number>();
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
  const both = Promise.all([flights.join('a', 'resync', start), flights.join('a', 'resync', start)]);
  expect(started).toHaveLength(1);
  started[0]?.resolve(7);
  expect(await both).toEqual([7, 7]);
  const again = flights.join('a', 'resync', start);
  started[1]?.resolve(8);
  expect(await again).toBe(8);
});

test('an edit does not wait behind a resync, a resync is content with an edit', () => {
  const { flights, started, start } = setup();
  void flights.join('a', 'resync', start);
  void flights.join('a', 'edit', start);
  expect(started).toHaveLength(2);
  void flights.join('a', 'event', start);
  void flights.join('b', 'event', start);
  expect(started).toHaveLength(3);
});

test('who gives up leaves the call to the others', async () => {
  const { flights, started, start } = setup();
  const given = new AbortController();
  const dropped = flights.join('a', 'edit', start, given.signal);
  const other = flights.join('a', 'edit', start);
  given.abort(new Error('enough'));
  await expect(dropped).rejects.toThrow('enough');
  started[0]?.resolve(1);
  expect(await other).toBe(1);
  await expect(flights.join('a', 'edit', start, given.signal)).rejects.toThrow('enough');
  expect(started).toHaveLength(1);
});

test('a failure reaches all, and is not kept', async () => {
  const { flights, started, start } = setup();
  const both = Promise.allSettled([flights.join('a', 'edit', start), flights.join('a', 'edit', start)]);
  started[0]?.reject(new Error('no'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  const again = flights.join('a', 'edit', start);
  started[1]?.resolve(1);
  expect(await again).toBe(1);
});

test('an index finds what is held, under its new term after a change, and nothing that is gone', () => {
  const index = new KeyIndex<{ key: string; team: string }>(({ team }) => [team]);
  const web = { key: 'web', team: 'a' };
  index.replace(undefined, web);
  index.replace(undefined, { key: 'api', team: 'a' });
  expect(index.find('a')).toEqual(['api', 'web']);
  index.replace(web, { ...web, team: 'b' });
  expect([index.find('a'), index.find('b')]).toEqual([['api'], ['web']]);
  index.replace({ ...web, team: 'b' }, undefined);
  expect(index.find('b')).toEqual([]);
});
