import type { Clock } from '../../runtime/time/clock.ts';
import type { Check } from './health.ts';

/**
 * A loop that should go round: it calls `beat` each time, and the check fails when that was too long ago. Counts from
 * its making, so a loop that never starts is noticed too.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #limitMs: number;
  #last: number;

  /** `what`: the loop, for the message (`lease loop`). `limitMs`: the longest time between two beats. */
  constructor(clock: Clock, what: string, limitMs: number) {
    this.#clock = clock;
    this.#what = what;
    this.#limitMs = limitMs;
    this.#last = clock.monotonic();
  }

  beat(): void {
    this.#last = this.#clock.monotonic();
  }

  readonly check: Check = () => {
    const silentMs = this.#clock.monotonic() - this.#last;
    if (silentMs <= this.#limitMs) return undefined;
    const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
    return `${this.#what} has not gone round for ${seconds(silentMs)}; expected at least every ${seconds(this.#limitMs)}`;
  };
}
