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
