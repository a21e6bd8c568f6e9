/** Keys that wait to be reconciled, and what earlier failures of a key mean for when it may run. */
import type { CountByPriority } from '../metrics.ts';
import type { Priority } from '../outcome.ts';
import { type Backoff, backoffMs, type Random } from './backoff.ts';
import { Heap } from './heap.ts';
import { type Admits, type OpenClasses, outranks, ReadyKeys, type TakenKey } from './ready.ts';

/** When a key wants to run next: monotonic ms, in the past = as soon as a worker is free. */
export interface Wish {
  readonly priority: Priority;
  readonly due: number;
  /** The namespaces in whose turns it may run. */
  readonly turns: readonly string[];
}

interface Delayed extends Wish {
  readonly key: string;
  /** Keys due at the same moment keep the order they were asked for. */
  readonly order: number;
}

/** Both wishes in one: the earlier time, the higher class, the turns of both. */
export function merged(a: Wish | undefined, b: Wish): Wish {
  if (!a) return b;
  return {
    priority: outranks(b.priority, a.priority) ? b.priority : a.priority,
    due: Math.min(a.due, b.due),
    turns: a.turns === b.turns ? a.turns : [...new Set([...a.turns, ...b.turns])],
  };
}

/** The keys that wait, each once: those that may run now and those that may later. Every operation is O(log n). */
export class PendingKeys {
  readonly #ready: ReadyKeys;
  readonly #delayed = new Map<string, Delayed>();
  readonly #byDue = new Heap<Delayed>((a, b) => a.due < b.due || (a.due === b.due && a.order < b.order));
  #order = 0;

  constructor(agingMs: number) {
    this.#ready = new ReadyKeys(agingMs);
  }

  /** Adds a key or merges the wish into the one it has. True if the key was not waiting before. */
  add(key: string, wish: Wish, now: number): boolean {
    this.#promote(now);
    const held = this.#delayed.get(key);
    if (held) this.#byDue.remove(held);
    const isNew = !held && !this.#ready.has(key);
    const entry = { key, ...merged(held, wish), order: this.#order++ };
    if (entry.due <= now || this.#ready.has(key)) {
      this.#delayed.delete(key);
      this.#ready.add(key, entry.priority, Math.min(entry.due, now), entry.turns);
    } else {
      this.#delayed.set(key, entry);
      this.#byDue.push(entry);
    }
    return isNew;
  }

  /** Takes the key whose turn it is, of those that may run now. */
  take(now: number, admits: Admits, isOpen?: OpenClasses): TakenKey | undefined {
    this.#promote(now);
    return this.#ready.take(now, admits, isOpen);
  }

  /** When the first delayed key is due; undefined if none is delayed. */
  nextDue(now: number): number | undefined {
    this.#promote(now);
    return this.#byDue.peek()?.due;
  }

  readySize(now: number): number {
    this.#promote(now);
    return this.#ready.size;
  }

  counts(now: number): { readonly ready: CountByPriority; readonly delayed: CountByPriority } {
    this.#promote(now);
    return { ready: this.#ready.counts, delayed: countByPriority(this.#delayed.values()) };
  }

  oldestWaitMs(now: number): number {
    this.#promote(now);
    return now - (this.#ready.oldestSince ?? now);
  }

  clear(): void {
    this.#ready.clear();
    while (this.#byDue.pop());
    this.#delayed.clear();
  }

  /** Moves what has fallen due to the ready keys, in the order it fell due. */
  #promote(now: number): void {
    for (let next = this.#byDue.peek(); next && next.due <= now; next = this.#byDue.peek()) {
      this.#byDue.remove(next);
      this.#delayed.delete(next.key);
      this.#ready.add(next.key, next.priority, next.due, next.turns);
    }
  }
}

export function countByPriority(wishes: Iterable<{ readonly priority: Priority }>): CountByPriority {
  const counts = { edit: 0, event: 0, resync: 0 };
  for (const { priority } of wishes) counts[priority] += 1;
  return counts;
}

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
