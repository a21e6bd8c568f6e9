import type { Clock } from '../clock.ts';
import { ArmError } from '../http/operation.ts';
import type { Knobs } from '../knobs/knobs.ts';
import {
  armLimits,
  type BucketSize,
  computeLimits,
  identityProviderLimits,
  type Limit,
  type ThrottledCall,
} from './limits.ts';

/** All token buckets of the simulated Azure, made when first drawn from. */
export class Throttle {
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;
  readonly #knobs: Knobs;

  constructor(clock: Clock, knobs: Knobs) {
    this.#clock = clock;
    this.#knobs = knobs;
  }

  /**
   * Lets a call in, or throws 429 with `Retry-After`. A refused call takes no token from any bucket. The answer is the
   * `x-ms-ratelimit-remaining-*` headers; they are there even when the buckets are switched off.
   */
  admit(call: ThrottledCall): Record<string, string> {
    const { throttling } = this.#knobs.values;
    const arm = armLimits(call);
    const compute = computeLimits(call);
    const told = [...arm, ...compute];
    const limits = [
      ...(throttling.arm ? arm : []),
      ...(throttling.identityProvider ? identityProviderLimits(call) : []),
      ...(throttling.compute ? compute : []),
    ];
    for (const limit of limits) {
      const seconds = this.#bucket(limit).refusal();
      if (seconds === undefined) continue;
      const { code, message } = limit.refusal(seconds);
      const headers = throttling.retryAfterHeader ? { 'retry-after': String(seconds) } : {};
      throw new ArmError(429, code, message, { ...headers, ...this.#headers(told) });
    }
    for (const limit of limits) this.#bucket(limit).take();
    return this.#headers(told);
  }

  /** Fills all buckets: a test that has drained them starts afresh. */
  reset(): void {
    this.#buckets.clear();
  }

  #headers(limits: readonly Limit[]): Record<string, string> {
    return Object.fromEntries(
      limits.flatMap((limit) =>
        limit.header === undefined
          ? []
          : [
              [
                `x-ms-ratelimit-remaining-${limit.header}`,
                `${limit.headerLabel ?? ''}${this.#bucket(limit).remaining()}`,
              ],
            ],
      ),
    );
  }

  #bucket({ key, size }: Limit): Bucket {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new Bucket(size, this.#clock);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }
}

/**
 * One token bucket, as Azure describes its own (docs/azure-facts.md section 9). Once it has refused, it goes on refusing until the
 * seconds it named are over, each time with what is left of them.
 */
class Bucket {
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
