import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../token-bucket.ts';
import { ClassOrder } from './class-order.ts';
import type { Waiter } from './request.ts';
import { type Open, type SlotLimits, Slots } from './slots.ts';

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

/** Calls of a scope that wait for the same provider's buckets. */
export class RequestQueue {
  readonly scope: RateLimitScope;
  /** Every bucket that each of its calls takes from, the resource's excepted. */
  readonly buckets: readonly TokenBucket[];
  /** Keys of calls that run now and want no other beside them; kept by the scheduler, shared by all queues. */
  readonly #held: ReadonlySet<string>;
  /** By class, then by namespace, in order of arrival. */
  readonly #waiting: Readonly<Record<Priority, Map<string, Set<Waiter>>>> = {
    edit: new Map(),
    event: new Map(),
    resync: new Map(),
  };

  constructor(scope: RateLimitScope, buckets: readonly TokenBucket[], held: ReadonlySet<string>) {
    this.scope = scope;
    this.buckets = buckets;
    this.#held = held;
  }

  add(waiter: Waiter): void {
    const { priority, turn } = waiter;
    const line = this.#waiting[priority].get(turn);
    if (line) line.add(waiter);
    else this.#waiting[priority].set(turn, new Set([waiter]));
    this.scope.order.join(waiter);
  }

  remove(waiter: Waiter): boolean {
    const { priority, turn } = waiter;
    const line = this.#waiting[priority].get(turn);
    if (!line?.delete(waiter)) return false;
    if (line.size === 0) this.#waiting[priority].delete(turn);
    this.scope.order.leave(waiter);
    return true;
  }

  has(waiter: Waiter): boolean {
    return this.#waiting[waiter.priority].get(waiter.turn)?.has(waiter) ?? false;
  }

  /** Those that will not wait so long, taken out of the line. */
  takeImpatient(closedMs: number): readonly Waiter[] {
    const all = PRIORITIES.flatMap((priority) =>
      [...this.#waiting[priority].values()].flatMap((line) => [...line]),
    );
    return all.filter((waiter) => closedMs > (waiter.patienceMs ?? Infinity) && this.remove(waiter));
  }

  count(priority: Priority): number {
    let count = 0;
    for (const line of this.#waiting[priority].values()) count += line.size;
    return count;
  }

  get empty(): boolean {
    return PRIORITIES.every((priority) => this.#waiting[priority].size === 0);
  }

  /** Ms until the scope and the shared buckets would let a call through after so many others; 0 = now. */
  readyInMs(now: number, after = 0): number {
    let ms = Math.max(0, this.scope.notBefore - now);
    for (const bucket of this.buckets) ms = Math.max(ms, bucket.readyInMs(after));
    return ms;
  }

  /** Ms that a call of this class would wait behind those that are here; turns and slots left out, so it may be less or more. */
  waitMs(now: number, priority: Priority): number {
    const before = PRIORITIES.slice(0, PRIORITIES.indexOf(priority) + 1);
    return this.readyInMs(
      now,
      before.reduce((sum, each) => sum + this.count(each), 0),
    );
  }

  /**
   * The most urgent call whose own resource has a token and is free: of the namespace whose turn it is, the first that came.
   * How many are passed over is bounded by how many reconciles may be under way.
   */
  first({ classes, admits }: Open): Waiter | undefined {
    for (const priority of classes) {
      let first: Waiter | undefined;
      for (const [turn, line] of this.#waiting[priority]) {
        if (!admits(turn)) continue;
        const waiter = this.#firstReady(line);
        if (waiter && (!first || this.scope.order.before(waiter, first))) first = waiter;
      }
      if (first) return first;
    }
    return undefined;
  }

  /** Of the calls that arrived before `before`, whatever their class, the one of the namespace whose turn it is. */
  oldest(before: number, { classes, admits }: Open): Waiter | undefined {
    let oldest: Waiter | undefined;
    for (const priority of classes)
      for (const [turn, line] of this.#waiting[priority]) {
        if (!admits(turn)) continue;
        const waiter = this.#firstReady(line, before);
        if (waiter && (!oldest || this.scope.order.longBefore(waiter, oldest))) oldest = waiter;
      }
    return oldest;
  }

  /** Ms until the first resource has a token: for a queue that is open while all its calls wait for their own. */
  resourceReadyInMs({ classes, admits }: Open): number {
    let ms = Number.POSITIVE_INFINITY;
    // What waits for another call needs no timer: the end of that call starts it.
    for (const priority of classes)
      for (const [turn, line] of this.#waiting[priority])
        if (admits(turn))
          for (const waiter of line)
            if (!this.#isHeld(waiter)) ms = Math.min(ms, waiter.resource?.readyInMs() ?? 0);
    return ms;
  }

  #firstReady(line: ReadonlySet<Waiter>, before = Number.POSITIVE_INFINITY): Waiter | undefined {
    for (const waiter of line) {
      if (waiter.since >= before) return undefined; // The rest came later.
      if (!this.#isHeld(waiter) && (waiter.resource?.readyInMs() ?? 0) === 0) return waiter;
    }
    return undefined;
  }

  #isHeld({ exclusive }: Waiter): boolean {
    return exclusive !== undefined && this.#held.has(exclusive);
  }
}
