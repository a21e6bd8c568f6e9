import { describe, expect, test } from 'vitest';
import { FakeClock } from '../runtime/fake-clock.ts';
import { EarlyLooks } from './early-looks.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setup(fails = 0) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const looked: [string, number][] = [];
  const looks = new EarlyLooks({
    clock,
    signal: stop.signal,
    look: async (id) => {
      looked.push([id, clock.monotonic()]);
      if (looked.length <= fails) throw new Error('not now');
    },
  });
  return { clock, stop, looks, looked };
}

describe('early looks', () => {
  test('happen once per key, at the earliest time asked for', async () => {
    const { clock, looks, looked } = setup();
    looks.add('k', 'id', 500);
    looks.add('k', 'id', 100);
    looks.add('k', 'id', 900);
    looks.add('other', 'other', Number.NEGATIVE_INFINITY);
    clock.advance(1000);
    await settle();
    expect(looked).toEqual([
      ['other', 0],
      ['id', 100],
    ]);
  });

  test('that fail come back ever more slowly until one works', async () => {
    const { clock, looks, looked } = setup(3);
    looks.add('k', 'id', 0);
    for (let n = 0; n < 10; n++) {
      clock.advance(clock.untilNext() ?? 0);
      await settle();
    }
    expect(looked.map(([, at]) => at)).toEqual([0, 5000, 15_000, 35_000]);
    expect(looks.size).toBe(0);
  });

  test('a later hint hastens one that waits after a failure', async () => {
    const { clock, looks, looked } = setup(1);
    looks.add('k', 'id', 0);
    clock.advance(0);
    await settle();
    looks.add('k', 'id', 10);
    clock.advance(10);
    await settle();
    expect(looked.map(([, at]) => at)).toEqual([0, 10]);
  });

  test('end with the signal, and dropped ones never happen', async () => {
    const { clock, stop, looks, looked } = setup();
    looks.add('dropped', 'id', 10);
    looks.drop('dropped');
    looks.add('k', 'id', 10);
    stop.abort();
    await looks.stop();
    looks.add('late', 'id', 0);
    clock.advance(100);
    expect(looked).toEqual([]);
    expect(clock.untilNext()).toBeUndefined();
  });
});
