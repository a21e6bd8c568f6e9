import type { Clock } from '../clock.ts';

export interface BucketSize {
  /** Calls that may come at once. */
  readonly capacity: number;
  /** Calls added per second. */
  readonly refillPerSecond: number;
}

/**
 * One token bucket, as Azure describes its own (docs/azure-facts.md section 9). Once it has refused, it goes on refusing until the
 * seconds it named are over, each time with what is left of them.
 */
export class Bucket {
  #tokens: number;
  #filledAt: number;
  #closedUntil = 0;
  readonly #size: BucketSize;
  readonly #clock: Clock;

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#tokens = size.capacity;
    this.#clock = clock;
    this.#filledAt = clock.monotonic();
  }

  /** Whole calls left. */
  remaining(): number {
    this.#fill();
    return Math.floor(this.#tokens);
  }

  /** Seconds to wait when a call would be refused now, undefined when it would be let in. Takes nothing. */
  refusal(): number | undefined {
    this.#fill();
    const now = this.#clock.monotonic();
    if (now < this.#closedUntil) return Math.ceil((this.#closedUntil - now) / 1000);
    if (this.#tokens >= 1) return undefined;
    const seconds = Math.max(1, Math.ceil((1 - this.#tokens) / this.#size.refillPerSecond));
    this.#closedUntil = now + seconds * 1000;
    return seconds;
  }

  take(): void {
    this.#fill();
    this.#tokens -= 1;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const gained = ((now - this.#filledAt) / 1000) * this.#size.refillPerSecond;
    this.#tokens = Math.min(this.#size.capacity, this.#tokens + gained);
    this.#filledAt = now;
  }
}
