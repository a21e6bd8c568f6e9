/**
 * What a decision asked to have from Azure itself instead of a cache, and what was read for it. One for each decision, so
 * that however often things are observed on the way to it, each is read once.
 */
export class LiveReads {
  readonly #wanted = new Set<string>();
  readonly #read = new Map<string, Promise<unknown>>();

  /** The names are the kind's own: an ARM id, a role in its facts. */
  get wanted(): readonly string[] {
    return [...this.#wanted];
  }

  wants(thing: string): boolean {
    return this.#wanted.has(thing);
  }

  /** What the cache has of it by now counts no more than what was read. */
  wasRead(thing: string): boolean {
    return this.#read.has(thing);
  }

  /** False if all of it was asked for or read before: then nothing would be different. */
  want(things: readonly string[]): boolean {
    const fresh = things.filter((each) => !this.#wanted.has(each) && !this.#read.has(each));
    for (const each of fresh) this.#wanted.add(each);
    return fresh.length > 0;
  }

  /** Reads it, or returns what was read for this decision already. */
  once<T>(thing: string, read: () => Promise<T>): Promise<T> {
    const before = this.#read.get(thing);
    // Under one name there is always the same thing.
    if (before) return before as Promise<T>;
    const answer = read();
    this.#read.set(thing, answer);
    return answer;
  }
}
