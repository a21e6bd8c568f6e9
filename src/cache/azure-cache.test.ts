import { describe, expect, it, onTestFinished } from 'vitest';
import { armKey } from '../azure/names/resource-id.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { AzureCache } from './azure-cache.ts';
import type { CacheDefinition } from './definition.ts';
import type { Page } from './lists/listing.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const idIn = (area: string, name: string) => `/${area}/${name}`;

interface Box {
  readonly id: string;
  readonly key: string;
  readonly text: string;
}

/** A kind of resource that azid does not have: nothing of a cache knows which kind it holds. */
function boxes(more: Partial<CacheDefinition<Box, { text: string }>> = {}) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const inAzure = new Map<string, Box>();
  const calls: string[] = [];
  let gate: Promise<void> | undefined;
  let failing = false;
  const definition: CacheDefinition<Box, { text: string }> = {
    name: 'hosts',
    plural: 'boxes',
    indexes: { text: { termsOf: ({ text }) => [text], termsFor: (text) => [text] } },
    areaOf: (id) => armKey(id).split('/')[1] ?? '',
    areaNamed: (area) => area.toLowerCase(),
    describe: (area) => `shelf ${area}`,
    placeOf: (area) => ({ subscription: area, part: 'boxes' }),
    sameContent: (left, right) => left.text === right.text,
    sameInstance: () => true,
    async read(id) {
      calls.push(`GET ${id}`);
      cache.recordGet(id, inAzure.get(armKey(id)), clock.monotonic());
    },
    async *list(area): AsyncGenerator<Page<Box>> {
      calls.push(`LIST ${area}`);
      const requestedAt = clock.monotonic();
      await gate;
      if (failing) throw new Error('no list');
      yield { found: [...inAzure.values()].filter(({ key }) => key.startsWith(`/${area}/`)), requestedAt };
    },
    ...more,
  };
  const put = (area: string, name: string, text = '') => {
    const id = idIn(area, name);
    inAzure.set(armKey(id), { id, key: armKey(id), text });
    return id;
  };
  const cache: AzureCache<Box, { text: string }> = new AzureCache(definition, {
    clock,
    signal: stopping.signal,
    random: () => 0.5,
  });
  const hold = () => {
    const held = Promise.withResolvers<void>();
    gate = held.promise;
    return held.resolve;
  };
  const fails = (now: boolean) => {
    failing = now;
  };
  return { cache, clock, calls, put, inAzure, hold, fails };
}

describe('areas in use', () => {
  it('are listed from their first user to their last, in any case of their names', async () => {
    const { cache, calls, clock } = boxes();
    cache.use('a/x', ['SHELF']);
    cache.use('a/y', ['shelf']);
    cache.use('a/x', ['shelf']);
    expect(cache.inUse.names).toEqual(['shelf']);
    await cache.whenLoaded('Shelf');
    cache.use('a/x', []);
    cache.use('a/x', []);
    await turn();
    clock.advance(600_000);
    await turn();
    expect(calls).toEqual(['LIST shelf', 'LIST shelf']);
    cache.use('a/y', []);
    clock.advance(6_000_000);
    await turn();
    expect(calls).toHaveLength(2);
    expect(cache.inUse.names).toEqual([]);
  });

  it('change for a user without a gap', async () => {
    const { cache, calls, put } = boxes();
    const id = put('two', 'box');
    cache.use('a/x', ['one', 'two']);
    await cache.whenLoaded('two');
    cache.use('a/x', ['two', 'three']);
    expect(cache.observe(id)).toMatchObject({ state: 'present' });
    await turn();
    expect(calls).toEqual(['LIST one', 'LIST two', 'LIST three']);
  });

  it('notify those who use them then of the first list, and only of the first', async () => {
    const { cache, clock, hold } = boxes();
    const release = hold();
    const reported: [readonly string[], string][] = [];
    cache.onLoaded((users, area) => reported.push([users, area]));
    for (const user of ['a/x', 'a/y', 'a/z']) cache.use(user, ['shelf']);
    cache.use('a/x', []);
    await turn();
    expect(reported).toEqual([]);
    release();
    await turn();
    expect(reported).toEqual([[['a/y', 'a/z'], 'shelf']]);
    clock.advance(600_000);
    await turn();
    expect(reported).toHaveLength(1);
  });

  it('notify those who use them when a list holds everything from now on: it fell short, or failed', async () => {
    let missing: string | undefined = 'the right to read';
    const { cache, clock, fails } = boxes({ missingRight: async () => missing });
    const reported: [readonly string[], string][] = [];
    cache.onCompleted((users, area) => reported.push([users, area]));
    const next = async (ms = 600_000) => {
      clock.advance(ms);
      await turn();
    };
    cache.use('a/x', ['shelf']);
    await turn();
    expect([cache.completeness('shelf').state, reported]).toEqual(['partial', []]);
    missing = undefined;
    await next();
    expect(reported).toEqual([[['a/x'], 'shelf']]);
    await next();
    expect(reported).toHaveLength(1);
    fails(true);
    await next();
    expect(reported).toHaveLength(1);
    fails(false);
    await next();
    expect(reported).toHaveLength(2);
  });

  it('are counted once where two caches list the same', async () => {
    const first = boxes();
    const clock = new FakeClock();
    const listed: string[] = [];
    const second = new AzureCache<Box>(
      {
        name: 'roles',
        plural: 'boxes',
        indexes: {},
        areaOf: (id) => id,
        describe: (area) => area,
        placeOf: () => ({ subscription: '', part: '' }),
        sameContent: () => true,
        sameInstance: () => true,
        read: async () => {},
        async *list(area) {
          listed.push(area);
          yield { found: [], requestedAt: 0 };
        },
      },
      { clock, signal: new AbortController().signal, inUse: first.cache.inUse },
    );
    first.cache.use('a/x', ['shelf']);
    await second.whenLoaded('shelf');
    expect([first.calls, listed]).toEqual([['LIST shelf'], ['shelf']]);
    first.cache.use('a/x', []);
    expect([first.cache.parts(), second.parts()]).toEqual([[], []]);
    await second.stop();
  });
});

describe('what no list covers', () => {
  const HOUR = 3600_000;

  it('ends with time, for every kind', async () => {
    const { cache, clock, put } = boxes();
    for (let n = 0; n < 30; n++) {
      await cache.refresh(put('shelf', `box${n}`), 'edit');
      clock.advance(HOUR);
    }
    expect(cache.sizes.held).toBeLessThan(5);
  });

  it('ends with time also where it was listed for one who asked', async () => {
    const { cache, clock, put } = boxes({ schedule: 'rotating' });
    const id = put('shelf', 'box');
    await cache.relist('shelf', 'edit');
    expect(cache.content('shelf')).toMatchObject({ state: 'known', resources: [{ id }] });
    clock.advance(2 * HOUR);
    await cache.refresh(put('other', 'box'), 'edit');
    expect(cache.content('shelf')).toEqual({ state: 'unknown' });
    expect(cache.sizes.held).toBe(1);
  });
});

it('what is forgotten begins anew where it is in use, and a list under way brings nothing of it back', async () => {
  const { cache, clock, put, calls, hold } = boxes({ schedule: 'rotating' });
  const id = put('shelf', 'box', 'old');
  cache.use('a/x', ['shelf']);
  await cache.relist('shelf', 'edit');
  const release = hold();
  const late = cache.relist('shelf', 'edit');
  cache.forget('shelf');
  release();
  await late;
  expect(cache.observe(id)).toEqual({ state: 'unknown' });
  expect(cache.byIndex('text', 'old')).toEqual([]);
  expect(cache.inUse.has('shelf')).toBe(true);
  // Nobody asks: it is in rotation as one that was never listed.
  clock.advance(10_000);
  await turn();
  expect(calls).toHaveLength(3);
  expect(cache.byIndex('text', 'old')).toMatchObject([{ id }]);
});

it('of one place there is one part: as old as its oldest list, with all entries, partial if one is', async () => {
  const { cache, put, clock } = boxes({
    placeOf: () => ({ subscription: 's1', part: '' }),
    missingRight: async (area) => (area === 'two' ? 'no right' : undefined),
  });
  put('one', 'box');
  put('two', 'box');
  cache.use('a/x', ['one']);
  await cache.whenLoaded('one');
  await turn();
  clock.advance(1_000);
  cache.use('a/y', ['two']);
  await cache.whenLoaded('two');
  await turn();
  expect(cache.parts()).toEqual([
    { cache: 'hosts', subscription: 's1', part: '', ageMs: 1_000, entries: 2, partial: true },
  ]);
});
