/** The parts `Lanes` is made of: a call that waits, calls that wait for the same buckets, and what they share. */
import type PQueue from 'p-queue';
import { PRIORITIES, type Priority } from '../runtime/outcome.ts';
import type { AzureError } from './errors.ts';
import type { TokenBucket } from './token-bucket.ts';
import { TurnOrder } from './turn-order.ts';

export interface Waiter {
  readonly priority: Priority;
  /** The namespace whose turn it uses; '' for azid's own calls. */
  readonly turn: string;
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
  /** It is this call's turn, but what it rests on has changed meanwhile. */
  readonly isStale?: () => boolean;
  /** The turn is kept for the same call, decided anew. */
  reserve(): void;
}

/** Whose turn it is, in each class and among those that waited long. */
export class LaneOrder {
  readonly #classes: Readonly<Record<Priority, TurnOrder>> = {
    edit: new TurnOrder(),
    event: new TurnOrder(),
    resync: new TurnOrder(),
  };
  readonly #long = new TurnOrder();

  join({ priority, turn }: Waiter): void {
    this.#classes[priority].join(turn);
    this.#long.join(turn);
  }

  leave({ priority, turn }: Waiter): void {
    this.#classes[priority].leave(turn);
    this.#long.leave(turn);
  }

  had({ priority, turn }: Waiter): void {
    this.#classes[priority].had(turn);
    this.#long.had(turn);
  }

  /** By class, then by turn. */
  before(left: Waiter, right: Waiter): boolean {
    const byClass = PRIORITIES.indexOf(left.priority) - PRIORITIES.indexOf(right.priority);
    if (byClass !== 0) return byClass < 0;
    return isBefore(this.#classes[left.priority], left, right);
  }

  /** Among those that waited long, whatever their class. */
  longBefore(left: Waiter, right: Waiter): boolean {
    return isBefore(this.#long, left, right);
  }
}

function isBefore(order: TurnOrder, left: Waiter, right: Waiter): boolean {
  const byTurn = order.of(left.turn) - order.of(right.turn);
  return byTurn === 0 ? left.order < right.order : byTurn < 0;
}

/** One subscription, caller and kind (read, write, delete): what a 429 holds up as a whole. */
export interface Lane {
  readonly subscriptionId: string;
  /** Counts what runs. Its own order and interval are not used: see `Lanes`. */
  readonly running: PQueue;
  /** Of what runs, how much each namespace has. */
  readonly runningOf: Map<string, number>;
  /** Resource Manager's bucket of this lane. */
  readonly bucket: TokenBucket;
  readonly streams: Set<Stream>;
  readonly order: LaneOrder;
  /** Nothing starts before this time, monotonic ms. */
  notBefore: number;
}

/** What may start now. */
export interface Open {
  readonly classes: readonly Priority[];
  admits(turn: string): boolean;
}

/** Calls of a lane that wait for the same provider's buckets. */
export class Stream {
  readonly lane: Lane;
  /** Every bucket that each of its calls takes from, the resource's excepted. */
  readonly buckets: readonly TokenBucket[];
  /** Keys of calls that run now and want no other beside them; kept by `Lanes`, shared by all streams. */
  readonly #held: ReadonlySet<string>;
  /** By class, then by namespace, in order of arrival. */
  readonly #waiting: Readonly<Record<Priority, Map<string, Set<Waiter>>>> = {
    edit: new Map(),
    event: new Map(),
    resync: new Map(),
  };

  constructor(lane: Lane, buckets: readonly TokenBucket[], held: ReadonlySet<string>) {
    this.lane = lane;
    this.buckets = buckets;
    this.#held = held;
  }

  add(waiter: Waiter): void {
    const { priority, turn } = waiter;
    const line = this.#waiting[priority].get(turn);
    if (line) line.add(waiter);
    else this.#waiting[priority].set(turn, new Set([waiter]));
    this.lane.order.join(waiter);
  }

  remove(waiter: Waiter): boolean {
    const { priority, turn } = waiter;
    const line = this.#waiting[priority].get(turn);
    if (!line?.delete(waiter)) return false;
    if (line.size === 0) this.#waiting[priority].delete(turn);
    this.lane.order.leave(waiter);
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

  /** Ms until the lane and the shared buckets would let a call through; 0 = now. */
  readyInMs(now: number): number {
    let ms = Math.max(0, this.lane.notBefore - now);
    for (const bucket of this.buckets) ms = Math.max(ms, bucket.readyInMs());
    return ms;
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
        if (waiter && (!first || this.lane.order.before(waiter, first))) first = waiter;
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
        if (waiter && (!oldest || this.lane.order.longBefore(waiter, oldest))) oldest = waiter;
      }
    return oldest;
  }

  /** Ms until the first resource has a token: for a stream that is open while all its calls wait for their own. */
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
