import type { Clock } from './time/clock.ts';

/** How many calls at once, and how many per second after that. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

/** Rounding of many small refills must not cost a token that is due. */
const EPSILON = 1e-6;

/**
 * Starts full and refills steadily, as the buckets of Azure (docs/azure-facts.md section 9) and of client-go's recorder of Events do. In
 * any window of T seconds it lets at most `capacity + perSecond * T` through. Time is monotonic: a wall clock set back would stall it.
 */
export class TokenBucket {
  readonly #size: BucketSize;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(size: BucketSize, clock: Clock) {
    this.#size = size;
    this.#clock = clock;
    this.#tokens = size.capacity;
    this.#at = clock.monotonic();
  }

  /** Ms until a token is there for a caller that comes after so many others; 0 = now. */
  readyInMs(after = 0): number {
    this.#refill();
    const missing = 1 + after - this.#tokens;
    // After a drain `#at` lies ahead: nothing refills before it.
    const ahead = Math.max(0, this.#at - this.#clock.monotonic());
    return missing <= EPSILON ? ahead : ahead + Math.ceil((missing / this.#size.perSecond) * 1000);
  }

  take(): void {
    this.#refill();
    this.#tokens -= 1;
  }

  /** A token that was taken for a call that was never made. */
  giveBack(): void {
    this.#refill();
    this.#tokens = Math.min(this.#size.capacity, this.#tokens + 1);
  }

  /** The server refused although tokens were left: others share its bucket. One token at `notBefore`, refilled from then on. */
  drain(notBefore: number): void {
    this.#tokens = Math.min(this.#tokens, 1);
    this.#at = Math.max(this.#at, notBefore);
  }

  get full(): boolean {
    this.#refill();
    return this.#tokens >= this.#size.capacity - EPSILON;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    if (now <= this.#at) return;
    this.#tokens = Math.min(
      this.#size.capacity,
      this.#tokens + ((now - this.#at) / 1000) * this.#size.perSecond,
    );
    this.#at = now;
  }
}
