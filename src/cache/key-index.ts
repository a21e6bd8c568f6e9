/** Finds things by what they say, one term or several each, without walking through all of them. */
export class KeyIndex<T extends { readonly key: string }> {
  readonly #termsOf: (thing: T) => readonly string[];
  readonly #keys = new Map<string, Set<string>>();

  constructor(termsOf: (thing: T) => readonly string[]) {
    this.#termsOf = termsOf;
  }

  /** `before` and `after`: what was and is held to be there under one key. */
  replace(before: T | undefined, after: T | undefined): void {
    if (before)
      for (const term of this.#termsOf(before)) {
        const keys = this.#keys.get(term);
        keys?.delete(before.key);
        if (keys?.size === 0) this.#keys.delete(term);
      }
    if (after)
      for (const term of this.#termsOf(after)) {
        const keys = this.#keys.get(term) ?? new Set();
        this.#keys.set(term, keys.add(after.key));
      }
  }

  /** In order of the keys. */
  find(term: string): string[] {
    return [...(this.#keys.get(term) ?? [])].toSorted();
  }
}
