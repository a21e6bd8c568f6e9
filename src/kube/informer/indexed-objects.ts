/** What a store is made of: objects by key, indexes of them, and listeners to what changes. */
import { KeysByTerm } from '../../runtime/shared-texts.ts';
import type { KubeObject, ObjectKey } from '../types.ts';

export interface StoreChange<T> {
  readonly key: ObjectKey;
  /** Absent: created. */
  readonly old?: T;
  /** Absent: deleted. */
  readonly new?: T;
  /** Part of the first list: queue it behind real changes. */
  readonly initial: boolean;
  /** It comes from a list or an own write, not from the watch: changes between `old` and `new` may never be shown. */
  readonly skipped?: true;
}

/** Objects by key, and named indexes of them. A change returns what listeners are called with. */
export class IndexedObjects<T extends KubeObject> {
  readonly #objects = new Map<ObjectKey, T>();
  readonly #indexes = new Map<string, StoreIndex<T>>();
  #version = 0;

  get size(): number {
    return this.#objects.size;
  }

  /** Another number after each change. */
  get version(): number {
    return this.#version;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly ObjectKey[] {
    return [...this.#objects.keys()];
  }

  values(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Objects already there are indexed now. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new Error(`Expected the index name to be new, got "${name}" twice`);
    const index = new StoreIndex(valuesOf);
    for (const [key, object] of this.#objects) index.replace(key, undefined, object);
    this.#indexes.set(name, index);
  }

  keysByIndex(name: string, value: string): readonly ObjectKey[] {
    return this.#index(name).keys(value);
  }

  isIndexed(name: string, value: string): boolean {
    return this.#index(name).has(value);
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.keysByIndex(name, value).flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** An object with a new uid is a deletion and a creation: they are two things under one name. */
  set(key: ObjectKey, object: T): readonly StoreChange<T>[] {
    const old = this.#objects.get(key);
    this.#version += 1;
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) index.replace(key, old, object);
    if (!old) return [{ key, new: object, initial: false }];
    if (old.metadata.uid === object.metadata.uid) return [{ key, old, new: object, initial: false }];
    return [
      { key, old, initial: false },
      { key, new: object, initial: false },
    ];
  }

  drop(key: ObjectKey): readonly StoreChange<T>[] {
    const old = this.#objects.get(key);
    if (!old) return [];
    this.#version += 1;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) index.replace(key, old, undefined);
    return [{ key, old, initial: false }];
  }

  #index(name: string): StoreIndex<T> {
    const index = this.#indexes.get(name);
    if (!index)
      throw new Error(
        `Expected the index to be one of [${[...this.#indexes.keys()].join(', ')}], got "${name}"`,
      );
    return index;
  }
}

/** From a value to the keys of the objects that have it, kept right when an object's values change. */
class StoreIndex<T> {
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

/** Called for changes, one by one. */
export type Listener<C> = (change: C) => void;

/** Each listener is called for each change, in order, also of those after which another listener threw. */
export class Listeners<C> {
  readonly #listeners = new Set<Listener<C>>();
  readonly #onError: ((error: unknown) => void) | undefined;

  /** @param onError without it the first error is thrown at the end */
  constructor(onError?: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(listener: Listener<C>): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  notify(changes: readonly C[]): void {
    const errors: unknown[] = [];
    for (const change of changes)
      for (const listener of this.#listeners)
        try {
          listener(change);
        } catch (error) {
          errors.push(error);
        }
    for (const error of errors) {
      if (!this.#onError) throw error;
      this.#onError(error);
    }
  }
}
