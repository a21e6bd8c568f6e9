import type { Clock } from '../clock.ts';

/** Things that happen later, on the simulator's clock, or all at once when a test wants no waiting. */
export class Pending implements Disposable {
  readonly #clock: Clock;
  readonly #entries = new Map<() => void, Disposable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** At once where there is nothing to wait for. */
  later(ms: number, run: () => void): void {
    if (ms <= 0) {
      run();
      return;
    }
    // A function of its own: the same one may be waiting already.
    const entry = () => run();
    const timer = this.#clock.timer(ms, () => {
      this.#entries.delete(entry);
      run();
    });
    this.#entries.set(entry, timer);
  }

  /** What waits now happens now; what it asks to happen later waits. */
  settle(): void {
    const due = [...this.#entries];
    this.#entries.clear();
    for (const [run, timer] of due) {
      timer[Symbol.dispose]();
      run();
    }
  }

  [Symbol.dispose](): void {
    for (const timer of this.#entries.values()) timer[Symbol.dispose]();
    this.#entries.clear();
  }
}
