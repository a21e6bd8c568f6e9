import type { Clock } from './clock.ts';

interface Timer {
  readonly due: number;
  readonly fn: () => void;
}

/**
 * A clock that moves only by `advance`. Timers fire in order of their due time while it runs, each at its own moment,
 * so code that re-arms inside a timer behaves as it would in real time.
 */
export class FakeClock implements Clock {
  #elapsed = 0;
  readonly #epoch: number;
  readonly #timers = new Set<Timer>();

  constructor(epoch = Date.parse('2026-11-23T10:00:00Z')) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  timer(ms: number, fn: () => void): Disposable {
    const timer: Timer = { due: this.#elapsed + Math.max(0, ms), fn };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Ms until the next timer, or undefined when none is armed. */
  untilNext(): number | undefined {
    const next = this.#next();
    return next && Math.max(0, next.due - this.#elapsed);
  }

  /** Moves time forward, firing what falls due. Synchronous: promises settle after the caller yields. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) {
      this.#elapsed = Math.max(this.#elapsed, next.due);
      this.#timers.delete(next);
      next.fn();
    }
    this.#elapsed = end;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (!first || timer.due < first.due) first = timer;
    return first;
  }
}
