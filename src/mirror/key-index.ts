/** Finds things by what they say, without walking through all of them. */
export class KeyIndex<T extends { readonly key: string }> {
  readonly #termOf: (thing: T) => string;
  readonly #keys = new Map<string, Set<string>>();

  constructor(termOf: (thing: T) => string) {
    this.#termOf = termOf;
  }

  /** `before` and `after`: what was and is held to be there under one key. */
  replace(before: T | undefined, after: T | undefined): void {
    if (before) {
      const term = this.#termOf(before);
      const keys = this.#keys.get(term);
      keys?.delete(before.key);
      if (keys?.size === 0) this.#keys.delete(term);
    }
    if (after) {
      const term = this.#termOf(after);
      const keys = this.#keys.get(term) ?? new Set();
      this.#keys.set(term, keys.add(after.key));
    }
  }

  /** In order of the keys. */
  find(term: string): string[] {
    return [...(this.#keys.get(term) ?? [])].toSorted();
  }
}
