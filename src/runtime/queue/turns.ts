import { Heap } from './heap.ts';

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
