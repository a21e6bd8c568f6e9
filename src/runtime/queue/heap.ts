/** The orders of which a queue is made: a heap, and lines of waiting keys that take turns. */
/**
 * A binary heap that can also remove an item from its middle, so a key whose delay changed leaves no stale entry
 * behind (a lazy heap keeps one for each change, for up to the longest delay). All operations are O(log n).
 */
export class Heap<T extends object> {
  readonly #before: (a: T, b: T) => boolean;
  readonly #items: T[] = [];
  /** Where each item is, the reason that `remove` need not search. */
  readonly #slots = new Map<T, number>();

  /** `before(a, b)`: a strict order; what it compares must not change while an item is inside. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first item by the order, left inside. */
  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    if (this.#slots.has(item)) throw new Error('expected an item that is not in the heap, got one that is');
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first) this.remove(first);
    return first;
  }

  /** True if the item was inside. */
  remove(item: T): boolean {
    const slot = this.#slots.get(item);
    if (slot === undefined) return false;
    this.#slots.delete(item);
    const last = this.#items.pop();
    if (!last || last === item) return true;
    // The last item fills the gap; it may belong above or below it.
    this.#rise(last, slot);
    this.#sink(last, this.#slots.get(last) ?? slot);
    return true;
  }

  #rise(item: T, from: number): void {
    let slot = from;
    while (slot > 0) {
      const above = (slot - 1) >> 1;
      const parent = this.#items[above];
      if (!parent || !this.#before(item, parent)) break;
      this.#put(parent, slot);
      slot = above;
    }
    this.#put(item, slot);
  }

  #sink(item: T, from: number): void {
    let slot = from;
    for (;;) {
      let below = 2 * slot + 1;
      let child = this.#items[below];
      if (!child) break;
      const right = this.#items[below + 1];
      if (right && this.#before(right, child)) {
        child = right;
        below += 1;
      }
      if (!this.#before(child, item)) break;
      this.#put(child, slot);
      slot = below;
    }
    this.#put(item, slot);
  }

  #put(item: T, slot: number): void {
    this.#items[slot] = item;
    this.#slots.set(item, slot);
  }
}

/** What stands in a line: smaller `order` first. */
interface InLine {
  readonly order: number;
}

/**
 * Lines that take turns: of each, first come first served; between them, one after the other. So a line of a thousand
 * delays the only one in another line by one turn, not by a thousand. A line that becomes empty leaves the rotation, and
 * one that comes (back) joins at its end: between two turns of a line that waits, every other has at most one.
 *
 * One that stands in several lines leaves all of them when it is taken in the first whose turn comes.
 * Every operation is O(log n) in what waits; `next` also passes over the lines that may not go now, one step for each.
 */
export class Turns<T extends InLine> {
  readonly #lines = new Map<string, Heap<T>>();
  /** In order: the first is next. */
  readonly #rotation = new Set<string>();

  add(line: string, item: T): void {
    let waiting = this.#lines.get(line);
    if (!waiting) {
      waiting = new Heap<T>((a, b) => a.order < b.order);
      this.#lines.set(line, waiting);
      this.#rotation.add(line);
    }
    waiting.push(item);
  }

  remove(line: string, item: T): void {
    const waiting = this.#lines.get(line);
    if (!waiting?.remove(item) || waiting.size > 0) return;
    this.#lines.delete(line);
    this.#rotation.delete(line);
  }

  /** Who is next, of the lines whose first may go. */
  next(mayGo: (line: string, first: T) => boolean): { readonly line: string; readonly item: T } | undefined {
    for (const line of this.#rotation) {
      const item = this.#lines.get(line)?.peek();
      if (item && mayGo(line, item)) return { line, item };
    }
    return undefined;
  }

  /** The line had its turn: it is the last now. */
  had(line: string): void {
    if (this.#rotation.delete(line)) this.#rotation.add(line);
  }
}
