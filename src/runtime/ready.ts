import { Heap } from './heap.ts';
import type { CountByPriority } from './metrics.ts';
import { PRIORITIES, type Priority } from './outcome.ts';

/** A key that may run now. */
export interface ReadyKey {
  readonly key: string;
  readonly priority: Priority;
  /** Monotonic ms since when the key has been due. Kept when its class is raised. */
  readonly since: number;
}

interface Entry extends ReadyKey {
  /** Place inside the class: order of arrival there. */
  readonly order: number;
}

/** Of this many turns, one may go to a key that waited long (design.md section 5). */
const TURNS_PER_AGED = 10;

/**
 * The keys that may run now, in the order they should: by class, first come first served inside a class. Keys that
 * waited `agingMs` share one turn in ten, longest wait first, whatever their class: so nothing starves behind a stream
 * of edits, and an edit that meets a backlog of old keys waits for one of them at most.
 */
export class ReadyKeys {
  readonly #agingMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #classes: Readonly<Record<Priority, Heap<Entry>>>;
  readonly #byAge = new Heap<Entry>(
    (a, b) => a.since < b.since || (a.since === b.since && a.order < b.order),
  );
  #order = 0;
  /**
   * Turns since the longest-waiting key was last served, by whichever rule. Counting the ordinary turns too means that
   * while a backlog is worked off in its own order, an edit that arrives is always next.
   */
  #turns = 0;

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
    const inOrder = () => new Heap<Entry>((a, b) => a.order < b.order);
    this.#classes = { edit: inOrder(), event: inOrder(), resync: inOrder() };
  }

  get size(): number {
    return this.#entries.size;
  }

  get counts(): CountByPriority {
    const { edit, event, resync } = this.#classes;
    return { edit: edit.size, event: event.size, resync: resync.size };
  }

  /** Since when the longest-waiting key has waited. */
  get oldestSince(): number | undefined {
    return this.#byAge.peek()?.since;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds a key, or raises the class of one that is inside; never lowers it, never makes it look younger. */
  add(key: string, priority: Priority, since: number): void {
    const held = this.#entries.get(key);
    if (held) {
      if (!outranks(priority, held.priority)) return;
      this.#remove(held);
    }
    const entry = { key, priority, since: held?.since ?? since, order: this.#order++ };
    this.#entries.set(key, entry);
    this.#classes[priority].push(entry);
    this.#byAge.push(entry);
  }

  /** Takes the key whose turn it is. */
  take(now: number): ReadyKey | undefined {
    const oldest = this.#byAge.peek();
    if (!oldest) return undefined;
    const agedTurn = this.#turns >= TURNS_PER_AGED - 1 && now - oldest.since >= this.#agingMs;
    const entry = agedTurn ? oldest : this.#first();
    this.#turns = entry === oldest ? 0 : this.#turns + 1;
    this.#remove(entry);
    return entry;
  }

  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }

  #first(): Entry {
    for (const priority of PRIORITIES) {
      const entry = this.#classes[priority].peek();
      if (entry) return entry;
    }
    throw new Error('expected a ready key in one of the classes, found none');
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#classes[entry.priority].remove(entry);
    this.#byAge.remove(entry);
  }
}

/** True if `a` is more urgent than `b`. */
export function outranks(a: Priority, b: Priority): boolean {
  return PRIORITIES.indexOf(a) < PRIORITIES.indexOf(b);
}
