import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { ReReads } from './re-reads.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function setup(fails = 0) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const wasRead: [string, number][] = [];
  const reReads = new ReReads({
    clock,
    signal: stop.signal,
    read: async (id) => {
      wasRead.push([id, clock.monotonic()]);
      if (wasRead.length <= fails) throw new Error('not now');
    },
  });
  return { clock, stop, reReads, wasRead };
}

describe('re-reads', () => {
  test('happen once per key, at the earliest time asked for', async () => {
    const { clock, reReads, wasRead } = setup();
    reReads.add('k', 'id', 500);
    reReads.add('k', 'id', 100);
    reReads.add('k', 'id', 900);
    reReads.add('other', 'other', Number.NEGATIVE_INFINITY);
    clock.advance(1000);
    await settle();
    expect(wasRead).toEqual([
      ['other', 0],
      ['id', 100],
    ]);
  });

  test('that fail come back ever more slowly until one works', async () => {
    const { clock, reReads, wasRead } = setup(3);
    reReads.add('k', 'id', 0);
    for (let n = 0; n < 10; n++) {
      clock.advance(clock.untilNext() ?? 0);
      await settle();
    }
    expect(wasRead.map(([, at]) => at)).toEqual([0, 5000, 15_000, 35_000]);
    expect(reReads.size).toBe(0);
  });

  test('a later hint hastens one that waits after a failure', async () => {
    const { clock, reReads, wasRead } = setup(1);
    reReads.add('k', 'id', 0);
    clock.advance(0);
    await settle();
    reReads.add('k', 'id', 10);
    clock.advance(10);
    await settle();
    expect(wasRead.map(([, at]) => at)).toEqual([0, 10]);
  });

  test('end with the signal, and dropped ones never happen', async () => {
    const { clock, stop, reReads, wasRead } = setup();
    reReads.add('dropped', 'id', 10);
    reReads.drop('dropped');
    reReads.add('k', 'id', 10);
    stop.abort();
    await reReads.stop();
    reReads.add('late', 'id', 0);
    clock.advance(100);
    expect(wasRead).toEqual([]);
    expect(clock.untilNext()).toBeUndefined();
  });
});
