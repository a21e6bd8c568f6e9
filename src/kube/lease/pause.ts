import { type Clock, sleep } from '../../runtime/time/clock.ts';

/** A sleep that may be ended early. One at a time. */
export class Pause {
  readonly #clock: Clock;
  #resume: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until then (monotonic ms), until `resume`, or until the signal aborts. */
  async until(at: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const end = () => early.abort();
    this.#resume = end;
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await sleep(this.#clock, at - this.#clock.monotonic(), early.signal).catch(() => {});
    signal.removeEventListener('abort', end);
    this.#resume = undefined;
  }

  resume(): void {
    this.#resume?.();
  }
}
