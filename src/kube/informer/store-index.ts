import { KeysByTerm } from '../../runtime/shared-texts.ts';
import type { ObjectKey } from '../types.ts';

/** From a value to the keys of the objects that have it, kept right when an object's values change. */
export class StoreIndex<T> {
  readonly #valuesOf: (object: T) => readonly string[];
  readonly #keys = new KeysByTerm();

  /** @param valuesOf the same for the same object, whenever it is asked: what an object had is not kept beside it */
  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf;
  }

  keys(value: string): readonly ObjectKey[] {
    return [...this.#keys.of(value)];
  }

  has(value: string): boolean {
    return this.#keys.has(value);
  }

  /** Another object stands under the key, or one that reads otherwise, or none. */
  replace(key: ObjectKey, old: T | undefined, next: T | undefined): void {
    if (old !== undefined) for (const value of this.#valuesOf(old)) this.#keys.remove(value, key);
    if (next !== undefined) for (const value of this.#valuesOf(next)) this.#keys.add(value, key);
  }
}
