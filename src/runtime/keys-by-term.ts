import { TEXTS } from './shared-texts.ts';

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
