import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../../runtime/token-bucket.ts';
import { ClassOrder, Lines } from './order.ts';
import { Places } from './places.ts';
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

  /** A 429: its time is never shortened by another one. @param until monotonic ms */
  closeUntil(until: number): void {
    this.#notBefore = Math.max(this.#notBefore, until);
    this.bucket.drain(this.#notBefore);
  }
}

/** A namespace and those of it that wait. */
type Line = readonly [turn: string, waiting: ReadonlySet<Waiter>];

/** Calls of a scope that wait for the same provider's buckets, and reconciles that wait to read for such a call. */
export class RequestQueue {
  readonly scope: RateLimitScope;
  /** Every bucket that each of its calls takes from, the resource's excepted. */
  readonly buckets: readonly TokenBucket[];
  /** Of those that read before they write here. */
  readonly places: Places;
  /** Keys of calls that run now and want no other beside them; kept by the scheduler, shared by all queues. */
  readonly #held: ReadonlySet<string>;
  readonly #calls = new Lines();
  readonly #forPlaces = new Lines();

  /** @param onFree a place was given back */
  constructor(
    scope: RateLimitScope,
    buckets: readonly TokenBucket[],
    held: ReadonlySet<string>,
    clock: Pick<Clock, 'timer'>,
    onFree: () => void,
  ) {
    this.scope = scope;
    this.buckets = buckets;
    this.#held = held;
    const { size, sizeOfOne } = scope.slots;
    const readyInMs = (after: number) => this.#tokenInMs(after);
    this.places = new Places({ slots: size, slotsOfOne: sizeOfOne, readyInMs }, clock, onFree);
  }

  add(waiter: Waiter): void {
    this.#linesOf(waiter).add(waiter);
    this.scope.order.join(waiter);
  }

  remove(waiter: Waiter): boolean {
    if (!this.#linesOf(waiter).remove(waiter)) return false;
    this.scope.order.leave(waiter);
    return true;
  }

  has(waiter: Waiter): boolean {
    return this.#linesOf(waiter).has(waiter);
  }

  /** Those that will not wait so long, taken out of the line. */
  takeImpatient(closedMs: number): readonly Waiter[] {
    const all = [...this.#calls.all(), ...this.#forPlaces.all()];
    return all.filter((waiter) => closedMs > (waiter.patienceMs ?? Infinity) && this.remove(waiter));
  }

  count(priority: Priority): number {
    return this.#calls.count(priority) + this.#forPlaces.count(priority);
  }

  get empty(): boolean {
    return this.#calls.empty && this.#forPlaces.empty;
  }

  /** Ms until the scope and the shared buckets let a call through; 0 = now. */
  readyInMs(now: number): number {
    return Math.max(0, this.scope.notBefore - now, this.#tokenInMs(0));
  }

  /**
   * The most urgent call whose own resource has a token and is free, or reconcile that there is a place for: of the namespace
   * whose turn it is, the first that came. How many are passed over is bounded by how many reconciles may be under way.
   *
   * @param now monotonic ms
   */
  first(now: number, open: Open): Waiter | undefined {
    const lines = this.#open(now, open);
    for (const priority of PRIORITIES) {
      let first: Waiter | undefined;
      for (const [, line] of lines(priority)) {
        const waiter = this.#firstReady(line);
        if (waiter && (!first || this.scope.order.before(waiter, first))) first = waiter;
      }
      if (first) return first;
    }
    return undefined;
  }

  /** Of those that arrived before `before`, whatever their class, the one of the namespace whose turn it is. */
  oldest(now: number, before: number, open: Open): Waiter | undefined {
    const lines = this.#open(now, open);
    let oldest: Waiter | undefined;
    for (const priority of PRIORITIES)
      for (const [, line] of lines(priority)) {
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
      for (const [turn, line] of this.#calls.of(priority))
        if (admits(turn))
          for (const waiter of line)
            if (!this.#isHeld(waiter)) ms = Math.min(ms, waiter.resource?.readyInMs() ?? 0);
    return ms;
  }

  #linesOf({ forPlace }: Waiter): Lines {
    return forPlace ? this.#forPlaces : this.#calls;
  }

  /** The lines whose first may go now: a call takes a token and a slot, a place neither. */
  #open(now: number, { classes, admits }: Open): (priority: Priority) => readonly Line[] {
    const hasToken = this.readyInMs(now) === 0;
    const isClosed = this.scope.notBefore > now;
    return (priority) => [
      ...(hasToken && classes.includes(priority) ? this.#admitted(priority, admits) : []),
      ...(isClosed ? [] : this.#letThrough(priority)),
    ];
  }

  #admitted(priority: Priority, admits: Open['admits']): readonly Line[] {
    return [...this.#calls.of(priority)].filter(([turn]) => admits(turn));
  }

  #letThrough(priority: Priority): readonly Line[] {
    const lines = this.#forPlaces.of(priority);
    if (lines.size === 0) return [];
    const isFree = this.places.freeFor(priority);
    return [...lines].filter(([turn]) => isFree(turn));
  }

  #tokenInMs(after: number): number {
    return Math.max(...this.buckets.map((bucket) => bucket.readyInMs(after)));
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
