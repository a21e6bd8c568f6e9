import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../token-bucket.ts';
import { ClassOrder } from './class-order.ts';
import type { RequestQueue } from './request-queue.ts';
import { type SlotLimits, Slots } from './slots.ts';

/** One subscription, caller and kind (read, write, delete): what a 429 holds up as a whole. */
export class RateLimitScope {
  readonly subscriptionId: string;
  readonly slots: Slots;
  /** Resource Manager's bucket of this scope. */
  readonly bucket: TokenBucket;
  readonly queues = new Set<RequestQueue>();
  readonly order = new ClassOrder();
  /** Nothing starts before this time, monotonic ms. */
  #notBefore = 0;

  constructor(subscriptionId: string, size: BucketSize, limits: SlotLimits, clock: Clock) {
    this.subscriptionId = subscriptionId;
    this.slots = new Slots(limits);
    this.bucket = new TokenBucket(size, clock);
  }

  get notBefore(): number {
    return this.#notBefore;
  }

  /** A 429: whatever it says is never shortened by another one. @param until monotonic ms */
  closeUntil(until: number): void {
    this.#notBefore = Math.max(this.#notBefore, until);
    this.bucket.drain(this.#notBefore);
  }
}
