import { describe, expect, test } from 'vitest';
import { sleep, systemClock } from './clock.ts';
import { FakeClock } from './fake-clock.fixture.ts';

const FORTY_DAYS_MS = 40 * 24 * 3_600_000;

describe('systemClock', () => {
  test('a timer of forty days does not fire at once, as setTimeout would', async () => {
    let fired = false;
    using _long = systemClock.timer(FORTY_DAYS_MS, () => {
      fired = true;
    });
    await sleep(systemClock, 5);
    expect(fired).toBe(false);
  });
});

describe('sleep', () => {
  test('rejects with the reason as soon as the signal aborts, and leaves no timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const asleep = sleep(clock, 1_000, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(asleep).rejects.toThrow('stopping');
    expect(clock.untilNext()).toBeUndefined();
  });

  test('rejects at once when the signal has aborted before', async () => {
    const clock = new FakeClock();
    await expect(sleep(clock, 1_000, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(clock.untilNext()).toBeUndefined();
  });
});
