import type { ObjectKey } from '../types.ts';

/** From a value to the keys of the objects that have it, kept right when an object's values change. */
export class StoreIndex<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #keysByValue = new Map<string, Set<ObjectKey>>();
  readonly #valuesByKey = new Map<ObjectKey, readonly string[]>();

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  keys(value: string): readonly ObjectKey[] {
    return [...(this.#keysByValue.get(value) ?? [])];
  }

  has(value: string): boolean {
    return this.#keysByValue.has(value);
  }

  set(key: ObjectKey, object: T): void {
    this.delete(key);
    const values = this.#valuesOf(object);
    if (values.length === 0) return;
    this.#valuesByKey.set(key, values);
    for (const value of values) {
      const keys = this.#keysByValue.get(value) ?? new Set();
      keys.add(key);
      this.#keysByValue.set(value, keys);
    }
  }

  delete(key: ObjectKey): void {
    for (const value of this.#valuesByKey.get(key) ?? []) {
      const keys = this.#keysByValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#keysByValue.delete(value);
    }
    this.#valuesByKey.delete(key);
  }
}
