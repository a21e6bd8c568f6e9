import type { Waits } from '../../runtime/controller/workers.ts';
import type { Priority } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';

/**
 * How long those that were let through may wait for their write at most, ms: half of what a decision is good for
 * (`src/reconcilers/reconciler/rounds.ts`), so that the other half is left for what they read before it.
 */
const AHEAD_MS = 5_000;

/**
 * How long a place is kept for a reconcile that has not come to its write, ms. What it reads may wait for limits of its own, those of one identity
 * among them: by then it would be read again in any case, and meanwhile no other reconcile could write.
 */
const KEPT_MS = 10_000;

/** What a place leads to: all slots, those that one namespace may have, and when a write after so many others would have its token. */
interface Capacity {
  readonly slots: number;
  readonly slotsOfOne: number;
  readyInMs(after: number): number;
}

interface Held {
  readonly priority: Priority;
  readonly turn: string;
  /** Ends it. */
  readonly timer: Disposable;
}

/**
 * Reconciles that were let through to read what their write rests on and have not begun the write. Only as many as can write soon: what more
 * of them read would be too old by their turn, and their reads would hold up those of all others.
 */
export class Places {
  readonly #capacity: Capacity;
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #onFree: () => void;
  readonly #held = new Map<Waits, Held>();

  /** @param onFree a place was given back unused: others may have it */
  constructor(capacity: Capacity, clock: Pick<Clock, 'timer'>, onFree: () => void) {
    this.#capacity = capacity;
    this.#clock = clock;
    this.#onFree = onFree;
  }

  /**
   * Asks for each namespace whether there is one for this class, as many as there are slots, taken or not: a write of an assignment takes 4.9 s,
   * so in that time each is free again, and what is read meanwhile fills it at once. Each class has its own places: none may keep another from its
   * share of the tokens. And a namespace has no more than it may have slots, so that some are left to all others.
   */
  freeFor(priority: Priority): (turn: string) => boolean {
    const held = [...this.#held.values()].filter((each) => each.priority === priority);
    const { length } = held;
    const { slots, slotsOfOne } = this.#capacity;
    if (length >= slots || this.#capacity.readyInMs(length) > AHEAD_MS) return () => false;
    const byTurn = Map.groupBy(held, ({ turn }) => turn);
    return (turn) => (byTurn.get(turn)?.length ?? 0) < slotsOfOne;
  }

  has(waits: Waits): boolean {
    return this.#held.has(waits);
  }

  /** Until its write begins, the reconcile ends, or too much time has passed. */
  hold(waits: Waits, priority: Priority, turn: string): void {
    if (this.has(waits)) return;
    const giveBack = () => {
      if (this.leave(waits)) this.#onFree();
    };
    this.#held.set(waits, { priority, turn, timer: this.#clock.timer(KEPT_MS, giveBack) });
    waits.atEnd(giveBack);
  }

  /** It has read, and stands in the line of its write: from now on it needs no more than its turn. */
  keep(waits: Waits): void {
    this.#held.get(waits)?.timer[Symbol.dispose]();
  }

  /** The write begins, or its tokens are taken. False if it had no place. */
  leave(waits: Waits): boolean {
    const held = this.#held.get(waits);
    held?.timer[Symbol.dispose]();
    return this.#held.delete(waits);
  }
}
