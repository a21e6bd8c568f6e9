import type { Clock } from '../../runtime/time/clock.ts';

/** client-go's `defaultBackoff*` of a reflector. */
const FIRST_MS = 800;
const FACTOR = 2;
const CAP_MS = 30_000;
const JITTER = 1.0;
const RESET_AFTER_MS = 120_000;
/** While no process listens there: nothing is overloaded, and a server that is back is to be found within a second. */
const NOBODY_THERE_MS = 500;

/** Growing waits between failures; starts again at the first one when two minutes passed without a failure. */
export class WatchBackoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  #baseMs = FIRST_MS;
  #lastFailure = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Ms to wait while no process listens there: between half a second and one, and no failure of a server's. */
  whileNobodyListens(): number {
    return NOBODY_THERE_MS * (1 + JITTER * this.#random());
  }

  /** Ms to wait after one more failure: between the base and twice the base, so that watches spread out. */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastFailure > RESET_AFTER_MS) this.#baseMs = FIRST_MS;
    this.#lastFailure = now;
    const waitMs = this.#baseMs * (1 + JITTER * this.#random());
    this.#baseMs = Math.min(CAP_MS, this.#baseMs * FACTOR);
    return waitMs;
  }
}
