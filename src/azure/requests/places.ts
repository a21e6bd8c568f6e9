import type { Waits } from '../../runtime/controller/waits.ts';
import type { Priority } from '../../runtime/outcome.ts';

/**
 * How long those that were let through may wait for their write at most, ms: half of what a decision is good for
 * (`src/reconcilers/reconciler/rounds.ts`), so that the other half is left for what they read before it.
 */
const AHEAD_MS = 5_000;

/** What a place leads to: the slots that are free, and when a write after so many others would have its token. */
export interface Capacity {
  free(): number;
  readyInMs(after: number): number;
}

/**
 * Reconciles that were let through to read what their write rests on and have not begun the write. Only as many as can write soon: what more
 * of them read would be too old by their turn, and their reads would hold up those of all others.
 */
export class Places {
  readonly #capacity: Capacity;
  readonly #onFree: () => void;
  readonly #held = new WeakMap<Waits, Priority>();
  readonly #count: Record<Priority, number> = { edit: 0, event: 0, resync: 0 };

  /** @param onFree a place was given back unused: others may have it */
  constructor(capacity: Capacity, onFree: () => void) {
    this.#capacity = capacity;
    this.#onFree = onFree;
  }

  /** Whether there is one for this class. Each has its own: none may keep another from its share of the tokens. */
  isFree(priority: Priority): boolean {
    const count = this.#count[priority];
    return count < this.#capacity.free() && this.#capacity.readyInMs(count) <= AHEAD_MS;
  }

  has(waits: Waits): boolean {
    return this.#held.has(waits);
  }

  /** Until its write begins, or the reconcile ends. */
  hold(waits: Waits, priority: Priority): void {
    this.#held.set(waits, priority);
    this.#count[priority] += 1;
    waits.atEnd(() => {
      if (this.leave(waits)) this.#onFree();
    });
  }

  /** The write begins. False if it had no place. */
  leave(waits: Waits): boolean {
    const priority = this.#held.get(waits);
    if (priority === undefined) return false;
    this.#held.delete(waits);
    this.#count[priority] -= 1;
    return true;
  }
}
