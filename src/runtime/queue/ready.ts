import type { CountByPriority } from '../metrics.ts';
import { PRIORITIES, type Priority } from '../outcome.ts';
import { Heap, Turns } from './heap.ts';

/** A key that may run now. */
interface ReadyKey {
  readonly key: string;
  readonly priority: Priority;
  /** Monotonic ms since when the key has been due. Kept when its class is raised. */
  readonly since: number;
}

/** A key that is taken, and the namespace whose turn it used. */
export interface TakenKey extends ReadyKey {
  readonly turn: string;
}

/** Whether a key of this class may run now in the turn of this namespace. */
export type Admits = (turn: string, priority: Priority) => boolean;

/** Whether keys of this class may run now at all. */
export type OpenClasses = (priority: Priority) => boolean;

interface Entry extends ReadyKey {
  /** Whose turns it may use: one of them is enough. */
  readonly turns: readonly string[];
  /** Place inside the class: order of arrival there. */
  readonly order: number;
}

/** An entry that waited long, in the order of its wait. */
interface Aged {
  readonly entry: Entry;
  readonly order: number;
}

/** Of this many turns, one may go to a key that waited long (docs/architecture.md section 5). */
const TURNS_PER_AGED = 10;

/**
 * The keys that may run now, in the order they should: by class; inside a class namespaces take turns; inside a namespace
 * first come first served. Keys that waited `agingMs` share one turn in ten, of all classes, and there too each
 * namespace has its turn: so nothing starves behind a stream of edits, an edit that meets a backlog of old keys waits for
 * one of them at most, and the old keys of one namespace do not use up the share of all.
 */
export class ReadyKeys {
  readonly #agingMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #classes: Readonly<Record<Priority, Turns<Entry>>> = {
    edit: new Turns(),
    event: new Turns(),
    resync: new Turns(),
  };
  readonly #counts = { edit: 0, event: 0, resync: 0 };
  /** Those that have not waited long yet, by the time since when they wait. */
  readonly #young = new Heap<Entry>(
    (a, b) => a.since < b.since || (a.since === b.since && a.order < b.order),
  );
  readonly #aged = new Turns<Aged>();
  readonly #agedOf = new Map<Entry, Aged>();
  readonly #ages = new Heap<Aged>((a, b) => a.order < b.order);
  #order = 0;
  #agedOrder = 0;
  /**
   * Turns since the one that is next among the old was last served, by whichever rule. Counting the ordinary turns too means
   * that while a backlog is worked off in its own order, an edit that arrives is always next.
   */
  #turns = 0;

  constructor(agingMs: number) {
    this.#agingMs = agingMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get counts(): CountByPriority {
    return { ...this.#counts };
  }

  /** Since when the longest-waiting key has waited. */
  get oldestSince(): number | undefined {
    const [young, aged] = [this.#young.peek()?.since, this.#ages.peek()?.entry.since];
    return aged === undefined ? young : Math.min(aged, young ?? aged);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds a key, or raises the class of one that is inside, or gives it a turn more; never lowers its class or age. */
  add(key: string, priority: Priority, since: number, turns: readonly string[] = ['']): void {
    const held = this.#entries.get(key);
    if (held) {
      const raised = outranks(priority, held.priority);
      const more = turns.filter((turn) => !held.turns.includes(turn));
      if (!raised && more.length === 0) return;
      const next: Entry = {
        ...held,
        priority: raised ? priority : held.priority,
        turns: [...held.turns, ...more],
        order: raised ? this.#order++ : held.order,
      };
      // In before out: a namespace whose only key it is would else lose its place.
      this.#insert(next, this.#agedOf.get(held)?.order);
      this.#leave(held);
      return;
    }
    this.#insert({ key, priority, since, turns, order: this.#order++ });
  }

  /** Takes the key whose turn it is, of those that may run now. */
  take(now: number, admits: Admits = () => true, isOpen: OpenClasses = () => true): TakenKey | undefined {
    this.#age(now);
    const open = PRIORITIES.filter(isOpen);
    if (open.length === 0) return undefined;
    const old = this.#aged.next(
      (turn, { entry }) => open.includes(entry.priority) && admits(turn, entry.priority),
    );
    const owed = old !== undefined && this.#turns >= TURNS_PER_AGED - 1;
    const next = owed ? { entry: old.item.entry, turn: old.line } : this.#first(open, admits);
    if (!next) return undefined;
    const { entry, turn } = next;
    const waitedLongest = old ? old.item.entry : this.#young.peek();
    this.#turns = entry === waitedLongest ? 0 : this.#turns + 1;
    this.#classes[entry.priority].had(turn);
    this.#aged.had(turn);
    this.#entries.delete(entry.key);
    this.#leave(entry);
    const { key, priority, since } = entry;
    return { key, priority, since, turn };
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.#leave(entry);
    this.#entries.clear();
  }

  #first(
    open: readonly Priority[],
    admits: Admits,
  ): { readonly entry: Entry; readonly turn: string } | undefined {
    for (const priority of open) {
      const next = this.#classes[priority].next((turn) => admits(turn, priority));
      if (next) return { entry: next.item, turn: next.line };
    }
    return undefined;
  }

  /** Those that have become old by now join the old ones, the longest wait first. */
  #age(now: number): void {
    for (
      let next = this.#young.peek();
      next && now - next.since >= this.#agingMs;
      next = this.#young.peek()
    ) {
      this.#young.remove(next);
      this.#addAged(next, this.#agedOrder++);
    }
  }

  #addAged(entry: Entry, order: number): void {
    const aged = { entry, order };
    this.#agedOf.set(entry, aged);
    this.#ages.push(aged);
    for (const turn of entry.turns) this.#aged.add(turn, aged);
  }

  #insert(entry: Entry, agedOrder?: number): void {
    this.#entries.set(entry.key, entry);
    this.#counts[entry.priority] += 1;
    for (const turn of entry.turns) this.#classes[entry.priority].add(turn, entry);
    if (agedOrder === undefined) this.#young.push(entry);
    else this.#addAged(entry, agedOrder);
  }

  /** Out of all lines. */
  #leave(entry: Entry): void {
    const { priority, turns } = entry;
    this.#counts[priority] -= 1;
    for (const turn of turns) this.#classes[priority].remove(turn, entry);
    this.#young.remove(entry);
    const aged = this.#agedOf.get(entry);
    if (!aged) return;
    this.#agedOf.delete(entry);
    this.#ages.remove(aged);
    for (const turn of turns) this.#aged.remove(turn, aged);
  }
}

/** True if `a` is more urgent than `b`. */
export function outranks(a: Priority, b: Priority): boolean {
  return PRIORITIES.indexOf(a) < PRIORITIES.indexOf(b);
}
