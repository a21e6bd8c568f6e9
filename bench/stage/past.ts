import type { Clock } from '../../src/simulator/clock.ts';

/** The real time, but for what is done in the past. */
export class PastClock implements Clock {
  #behindMs = 0;

  now(): number {
    return Date.now() - this.#behindMs;
  }

  monotonic(): number {
    return performance.now();
  }

  timer(ms: number, fn: () => void): Disposable {
    const handle = setTimeout(fn, Math.max(0, ms));
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  }

  /** What was there long ago: no log of the last day tells of it. */
  async longAgo<T>(act: () => Promise<T>): Promise<T> {
    this.#behindMs = LONG_AGO_MS;
    try {
      return await act();
    } finally {
      this.#behindMs = 0;
    }
  }
}

/** Longer than azid reads back in the Activity Log where it knows nothing. */
export const LONG_AGO_MS = 10 * 24 * 3_600_000;
