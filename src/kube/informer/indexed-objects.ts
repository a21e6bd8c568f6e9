import type { KubeObject, ObjectKey } from '../types.ts';
import { StoreIndex } from './store-index.ts';

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

/** Objects by key, and named indexes of them. A change returns what listeners are to hear of it. */
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
