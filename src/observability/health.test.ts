import { describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../runtime/time/clock.ts';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { EventLoop, Health } from './health.ts';

const SECOND = 1_000;

describe('Health', () => {
  test('runs the checks of one probe, in their order', () => {
    const health = new Health();
    health.add('healthz', 'loop', () => undefined);
    health.add('healthz', 'watch', () => 'the watch is silent');
    health.add('readyz', 'caches', () => 'not synced');
    expect(health.results('healthz')).toEqual([
      { name: 'loop' },
      { name: 'watch', fault: 'the watch is silent' },
    ]);
  });

  test('a check that throws is at fault', () => {
    const health = new Health();
    health.add('healthz', 'odd', () => {
      throw new Error('no such thing');
    });
    expect(health.results('healthz')).toEqual([
      { name: 'odd', fault: 'the check itself failed: no such thing' },
    ]);
  });

  test('a check is gone when it is disposed of', () => {
    const health = new Health();
    {
      using _check = health.add('healthz', 'caches', () => 'not synced');
      expect(health.results('healthz')).toHaveLength(1);
    }
    expect(health.results('healthz')).toEqual([]);
  });

  test('with nothing to check is alive, but not ready', () => {
    const health = new Health();
    expect(health.results('healthz')).toEqual([]);
    expect(health.results('readyz')).toEqual([{ name: 'startup', fault: 'nothing has been started yet' }]);
  });

  test('names are unique within a probe', () => {
    const health = new Health();
    health.add('healthz', 'loop', () => undefined);
    health.add('readyz', 'loop', () => undefined);
    expect(() => health.add('healthz', 'loop', () => undefined)).toThrow('got `loop` again');
  });
});

describe('EventLoop', () => {
  /** A clock whose timers are called when the test says, late or not. */
  function lateClock() {
    let [now, fire] = [0, () => {}];
    const clock: Clock = {
      now: () => now,
      monotonic: () => now,
      timer: (_ms, fn) => {
        fire = fn;
        return { [Symbol.dispose]: () => {} };
      },
    };
    return {
      clock,
      /** Time passes; with `blocked` the timer is not called. */
      pass(ms: number, { blocked = false } = {}) {
        now += ms;
        if (!blocked) fire();
      },
    };
  }

  test('notices a real block', async () => {
    using loop = new EventLoop({ clock: systemClock, intervalMs: 1, limitMs: 40 });
    const end = performance.now() + 60;
    while (performance.now() < end);
    expect(loop.check()).toMatch(/^event loop was blocked for \d+\.\d s; expected less than 0.04 s$/);
  });

  test('is well while timers are called in time', () => {
    const { clock, pass } = lateClock();
    using loop = new EventLoop({ clock });
    for (let i = 0; i < 100; i++) pass(500);
    expect(loop.delayMs).toBe(0);
    expect(loop.check()).toBeUndefined();
  });

  test('remembers a block that nears the renew deadline long enough for a probe, then forgets it', () => {
    const { clock, pass } = lateClock();
    using loop = new EventLoop({ clock });
    pass(8_500);
    expect(loop.check()).toBe('event loop was blocked for 8.0 s; expected less than 8 s');
    for (let i = 0; i < 30; i++) pass(500);
    expect(loop.check()).toBeDefined();
    pass(500);
    expect(loop.check()).toBeUndefined();
  });

  test('detects a block whose timer has not been called yet', () => {
    const { clock, pass } = lateClock();
    using loop = new EventLoop({ clock });
    pass(9_500, { blocked: true });
    expect(loop.delayMs).toBe(9_000);
  });

  test('leaves no timer', () => {
    const clock = new FakeClock();
    const loop = new EventLoop({ clock });
    clock.advance(10 * SECOND);
    loop[Symbol.dispose]();
    expect(clock.untilNext()).toBeUndefined();
  });
});
