import { armKey } from '../../azure/names/resource-id.ts';
import { KeysByTerm } from '../../runtime/shared-texts.ts';
import { type CachedResource, type Entry, presentIn } from './entry.ts';
import { provenUntil } from './merge.ts';

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

type KeptIndexes<T extends CachedResource, Q> = { readonly [K in keyof Q]: IndexedKeys<T, Q[K]> };

/** The entries of a store by area and key, and its indexes, which are always true of them. */
export class Entries<T extends CachedResource, Q extends object> {
  readonly #areaOf: (id: string) => string;
  readonly #lagMs: number;
  /** By area, then by key. */
  readonly #entries = new Map<string, Map<string, Entry<T>>>();
  /**
   * By key, of areas that were forgotten: what was proven so lately that a list may not show it yet. Readers do not see it, but
   * what is observed next is merged with it.
   */
  readonly #proofs = new Map<string, Entry<T>>();
  readonly #indexes: KeptIndexes<T, Q>;

  /** @param lagMs how long a proof is kept of what is forgotten */
  constructor(areaOf: (id: string) => string, indexes: Indexes<T, Q>, lagMs: number) {
    this.#areaOf = areaOf;
    this.#lagMs = lagMs;
    const names = Object.keys(indexes) as (keyof Q)[];
    this.#indexes = Object.fromEntries(
      names.map((name) => [name, new IndexedKeys(indexes[name])]),
    ) as unknown as KeptIndexes<T, Q>;
  }

  get(id: string): Entry<T> | undefined {
    return this.#entries.get(this.#areaOf(id))?.get(armKey(id));
  }

  /** What the next observation is merged with. */
  proven(id: string): Entry<T> | undefined {
    return this.get(id) ?? this.#proofs.get(armKey(id));
  }

  /** A copy, so that entries may be changed while a caller walks through it. */
  of(area: string): Map<string, Entry<T>> {
    return new Map(this.#entries.get(area));
  }

  /** Those of which something is held. */
  get areas(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** Those that are held to be there. */
  *presentIn(area: string): Generator<T> {
    for (const entry of this.#entries.get(area)?.values() ?? []) {
      const resource = presentIn(entry);
      if (resource !== undefined) yield resource;
    }
  }

  /** Those that are missing where they should show, as they were last observed. */
  *doubtfulIn(area: string): Generator<T> {
    for (const { presence } of this.#entries.get(area)?.values() ?? [])
      if (presence.state === 'suspectAbsent' && presence.last !== undefined) yield presence.last;
  }

  /** Keys of those that are held to be there and answer the query. */
  byIndex<K extends keyof Q>(index: K, query: Q[K]): string[] {
    return this.#indexes[index].find(query);
  }

  /** Undefined: nothing worth keeping. Gives the key, and what was held before. */
  set(
    id: string,
    entry: Entry<T> | undefined,
  ): { readonly key: string; readonly before: Entry<T> | undefined } {
    const asked = armKey(id);
    const own = presentIn(entry)?.key;
    const key = own === asked ? own : asked; // One copy of it: the map would keep another.
    const area = this.#areaOf(id);
    let entries = this.#entries.get(area);
    const before = entries?.get(key);
    if (entry) {
      if (!entries) {
        entries = new Map();
        this.#entries.set(area, entries);
      }
      entries.set(key, entry);
    } else entries?.delete(key);
    this.#proofs.delete(key);
    this.#reindex(before, entry);
    return { key, before };
  }

  /**
   * Drops what was learnt before then of areas that no list covers: nothing else would ever end it. Of an area in use
   * (`kept`) what is there stays, since it is read again; only absences end.
   */
  prune(before: number, isListed: (area: string) => boolean, isKept: (area: string) => boolean): void {
    for (const [area, entries] of this.#entries) {
      if (isListed(area)) continue;
      for (const [key, entry] of entries) {
        if (entry.at >= before || entry.touchedAt >= before) continue;
        if (isKept(area) && entry.presence.state === 'present') continue;
        this.#reindex(entry, undefined);
        entries.delete(key);
      }
      if (entries.size === 0) this.#entries.delete(area);
    }
  }

  /** Drops all that is known of an area, but for the proofs that a list may not show yet. Gives the keys. */
  forget(area: string, now: number): string[] {
    for (const [key, entry] of this.#proofs)
      if (now >= provenUntil(entry, this.#lagMs)) this.#proofs.delete(key);
    const entries = this.#entries.get(area) ?? new Map<string, Entry<T>>();
    this.#entries.delete(area);
    for (const [key, entry] of entries) {
      this.#reindex(entry, undefined);
      if (now < provenUntil(entry, this.#lagMs)) this.#proofs.set(key, entry);
    }
    return [...entries.keys()];
  }

  /** How many there are, absences and kept proofs among them. */
  get size(): number {
    return this.#proofs.size + [...this.#entries.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #reindex(before: Entry<T> | undefined, after: Entry<T> | undefined): void {
    const [was, is] = [presentIn(before), presentIn(after)];
    if (was === is) return;
    for (const name in this.#indexes) this.#indexes[name].replace(was, is);
  }
}
