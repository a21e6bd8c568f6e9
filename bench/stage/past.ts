import type { Clock } from '../../src/simulator/clock.ts';

/** The real time, and days before it until `present` is called: what is made until then has been there for long. */
export class PastClock implements Clock {
  #behindMs = LONG_AGO_MS;

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

  present(): void {
    this.#behindMs = 0;
  }
}

/** Longer than azid reads back in the Activity Log where it knows nothing. */
export const LONG_AGO_MS = 10 * 24 * 3_600_000;
