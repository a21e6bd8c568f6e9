/** One copy of texts that repeat in stores and caches, and the index of such texts. */

/** How many texts each of the two generations holds: those of 10,000 objects that repeat. */
const CAPACITY = 60_000;

/**
 * One copy of equal texts. Each answer of Azure or of the API server is parsed by itself, so ten thousand grants come with ten
 * thousand copies of the name of a role, and the id of an identity stands in its cache, in statuses and in indexes. For texts that
 * repeat; one that occurs once would only fill this up.
 *
 * What was not asked for while a whole generation came is forgotten, so nothing is kept for long of what is gone.
 */
export class SharedTexts {
  readonly #capacity: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  of(text: string): string {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const known = this.#old.get(text) ?? text;
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(known, known);
    return known;
  }
}

/** Those of this process: what a store, a cache and an index have in common is one text. */
export const TEXTS = new SharedTexts();

/**
 * From a term to the keys that have it, in the order they were added. A single key stands for itself: nearly every term has only
 * one, and a set of one takes ten times the memory.
 */
export class KeysByTerm {
  readonly #keys = new Map<string, string | Set<string>>();

  of(term: string): ReadonlySet<string> {
    const keys = this.#keys.get(term);
    return typeof keys === 'object' ? keys : new Set(keys === undefined ? [] : [keys]);
  }

  has(term: string): boolean {
    return this.#keys.has(term);
  }

  add(term: string, key: string): void {
    const keys = this.#keys.get(term);
    if (typeof keys === 'object') keys.add(key);
    else if (keys === undefined) this.#keys.set(TEXTS.of(term), TEXTS.of(key));
    else if (keys === key) return;
    else this.#keys.set(term, new Set([keys, key]));
  }

  remove(term: string, key: string): void {
    const keys = this.#keys.get(term);
    if (keys === key) this.#keys.delete(term);
    if (typeof keys !== 'object') return;
    keys.delete(key);
    if (keys.size === 0) this.#keys.delete(term);
  }
}
