import { KeysByTerm } from '../../runtime/keys-by-term.ts';

/** How the resources of a cache are found by what they say. */
export interface Index<T, Q> {
  /** What a resource is found by. */
  termsOf(resource: T): readonly string[];
  /** What a resource must have, all of it, to answer the query. Throws `TypeError` for what is no query. */
  termsFor(query: Q): readonly string[];
}

/** By name: what each takes as a query. */
export type Indexes<T, Q> = { readonly [K in keyof Q]: Index<T, Q[K]> };

/** Keeps one index true. */
export class IndexedKeys<T extends { readonly key: string }, Q> {
  readonly #index: Index<T, Q>;
  readonly #keys = new KeysByTerm();

  constructor(index: Index<T, Q>) {
    this.#index = index;
  }

  /** `before` and `after`: what was and is held to be there under one key. */
  replace(before: T | undefined, after: T | undefined): void {
    if (before) for (const term of this.#index.termsOf(before)) this.#keys.remove(term, before.key);
    if (after) for (const term of this.#index.termsOf(after)) this.#keys.add(term, after.key);
  }

  /** In order of the keys. */
  find(query: Q): string[] {
    const found = this.#index.termsFor(query).map((term) => this.#keys.of(term));
    const [smallest, ...rest] = found.toSorted((left, right) => left.size - right.size);
    return [...(smallest ?? [])].filter((key) => rest.every((keys) => keys.has(key))).toSorted();
  }
}
