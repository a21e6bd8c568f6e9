import { type Backoff, backoffMs, type Random } from './backoff.ts';
import type { Wish } from './pending.ts';

/** What earlier attempts at a key leave behind: its failures in a row, and the time before which a server wants no more. */
export class Retries {
  readonly #random: Random;
  readonly #backoff: Backoff;
  readonly #failures = new Map<string, number>();
  /** Monotonic ms before which only an edit may run the key. */
  readonly #floors = new Map<string, number>();

  constructor(random: Random, backoff: Backoff = {}) {
    this.#random = random;
    this.#backoff = backoff;
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The back-off of one failure more. */
  nextBackoffMs(key: string): number {
    return backoffMs(this.failures(key) + 1, this.#random, this.#backoff);
  }

  failed(key: string): void {
    this.#failures.set(key, this.failures(key) + 1);
  }

  /** @returns the later of `until` and the time that holds the key back already, monotonic ms */
  holdBack(key: string, until: number, now: number): number {
    const floor = Math.max(until, this.#floors.get(key) ?? 0);
    if (floor > now) this.#floors.set(key, floor);
    return floor;
  }

  /** The wish, no earlier than the key may run. An edit may run at once. */
  allowed(key: string, wish: Wish): Wish {
    const floor = this.#floors.get(key);
    if (floor === undefined || wish.priority === 'edit' || wish.due >= floor) return wish;
    return { ...wish, due: floor };
  }

  forget(key: string): void {
    this.#failures.delete(key);
    this.#floors.delete(key);
  }
}
