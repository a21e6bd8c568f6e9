/** The parts `Lanes` is made of: a call that waits, calls that wait for the same buckets, and what they share. */
import type PQueue from 'p-queue';
import { PRIORITIES, type Priority } from '../runtime/outcome.ts';
import type { AzureError } from './errors.ts';
import type { TokenBucket } from './token-bucket.ts';

export interface Waiter {
  readonly priority: Priority;
  /** Arrival order over all lanes. */
  readonly order: number;
  /** Monotonic ms. */
  readonly since: number;
  /** The provider's bucket of this one resource. */
  readonly resource?: TokenBucket;
  /** Waits while another call of the same key runs. */
  readonly exclusive?: string;
  start(): Promise<void>;
  /** As in `LaneRequest`. */
  readonly patienceMs?: number;
  /** Ends the waiting with an error. */
  refuse(error: AzureError): void;
}

/** One subscription, caller and kind (read, write, delete): what a 429 holds up as a whole. */
export interface Lane {
  readonly subscriptionId: string;
  /** Counts what runs. Its own order and interval are not used: see `Lanes`. */
  readonly running: PQueue;
  /** Resource Manager's bucket of this lane. */
  readonly bucket: TokenBucket;
  /** Nothing starts before this time, monotonic ms. */
  notBefore: number;
}

/** Calls of a lane that wait for the same provider's buckets. */
export class Stream {
  readonly lane: Lane;
  /** Every bucket that each of its calls takes from, the resource's excepted. */
  readonly buckets: readonly TokenBucket[];
  /** Keys of calls that run now and want no other beside them; kept by `Lanes`, shared by all streams. */
  readonly #held: ReadonlySet<string>;
  readonly #waiting: Readonly<Record<Priority, Set<Waiter>>> = {
    edit: new Set(),
    event: new Set(),
    resync: new Set(),
  };

  constructor(lane: Lane, buckets: readonly TokenBucket[], held: ReadonlySet<string>) {
    this.lane = lane;
    this.buckets = buckets;
    this.#held = held;
  }

  add(waiter: Waiter): void {
    this.#waiting[waiter.priority].add(waiter);
  }

  remove(waiter: Waiter): boolean {
    return this.#waiting[waiter.priority].delete(waiter);
  }

  /** Those that will not wait so long, taken out of the line. */
  takeImpatient(closedMs: number): readonly Waiter[] {
    const all = Object.values(this.#waiting).flatMap((waiting) => [...waiting]);
    return all.filter((waiter) => closedMs > (waiter.patienceMs ?? Infinity) && this.remove(waiter));
  }

  count(priority: Priority): number {
    return this.#waiting[priority].size;
  }

  get empty(): boolean {
    return PRIORITIES.every((priority) => this.#waiting[priority].size === 0);
  }

  /** Ms until the lane and the shared buckets would let a call through; 0 = now. */
  readyInMs(now: number): number {
    let ms = Math.max(0, this.lane.notBefore - now);
    for (const bucket of this.buckets) ms = Math.max(ms, bucket.readyInMs());
    return ms;
  }

  /** The most urgent call whose own resource has a token and is free, in order of arrival. */
  first(allowed: readonly Priority[]): Waiter | undefined {
    for (const priority of allowed)
      for (const waiter of this.#waiting[priority]) if (this.#ready(waiter)) return waiter;
    return undefined;
  }

  /** The call that waited longest, whatever its class, if it arrived before `before`. */
  oldest(before: number, allowed: readonly Priority[]): Waiter | undefined {
    let oldest: Waiter | undefined;
    for (const priority of allowed)
      for (const waiter of this.#waiting[priority]) {
        if (waiter.since >= before) break; // The rest came later.
        if (!this.#ready(waiter)) continue;
        if (!oldest || waiter.order < oldest.order) oldest = waiter;
        break;
      }
    return oldest;
  }

  /** Ms until the first resource has a token: for a stream that is open while all its calls wait for their own. */
  resourceReadyInMs(allowed: readonly Priority[]): number {
    let ms = Number.POSITIVE_INFINITY;
    // What waits for another call needs no timer: the end of that call starts it.
    for (const priority of allowed)
      for (const waiter of this.#waiting[priority])
        if (!this.#isHeld(waiter)) ms = Math.min(ms, waiter.resource?.readyInMs() ?? 0);
    return ms;
  }

  #ready(waiter: Waiter): boolean {
    return !this.#isHeld(waiter) && (!waiter.resource || waiter.resource.readyInMs() === 0);
  }

  #isHeld({ exclusive }: Waiter): boolean {
    return exclusive !== undefined && this.#held.has(exclusive);
  }
}
