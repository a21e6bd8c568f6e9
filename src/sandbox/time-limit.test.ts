import { describe, expect, it } from 'vitest';
import { FakeClock } from '../runtime/time/fake-clock.fixture.ts';
import { timeLimit } from './sandbox.ts';

describe('a time limit', () => {
  it('aborts when the time is over, and says so', () => {
    const clock = new FakeClock();
    using limit = timeLimit(clock, 1_000, new AbortController().signal);
    clock.advance(999);
    expect(limit.signal.aborted).toBe(false);
    clock.advance(1);
    expect(limit.signal.aborted).toBe(true);
    expect(limit.exceeded).toBe(true);
  });

  it('aborts with the signal it was given, which is not the time', () => {
    const given = new AbortController();
    using limit = timeLimit(new FakeClock(), 1_000, given.signal);
    given.abort();
    expect(limit.signal.aborted).toBe(true);
    expect(limit.exceeded).toBe(false);
  });

  it('leaves no timer', () => {
    const clock = new FakeClock();
    const limit = timeLimit(clock, 1_000, new AbortController().signal);
    limit[Symbol.dispose]();
    clock.advance(2_000);
    expect(limit.exceeded).toBe(false);
  });
});
