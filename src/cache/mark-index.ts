import { asciiLower } from '../azure/ascii.ts';
import type { AzureIdentity } from '../azure/azure-identity.ts';

/** All marks of azid begin so (docs/architecture.md section 6). Other tags are not indexed: nobody looks for them. */
const PREFIX = 'azid-';

/** Finds identities by azid's marks without walking through all of them. Tag names compare without case, values exactly. */
export class MarkIndex {
  readonly #keys = new Map<string, Set<string>>();

  /** `before` and `after`: what was and is held to be there under one key. */
  replace(before: AzureIdentity | undefined, after: AzureIdentity | undefined): void {
    if (before)
      for (const mark of marksOf(before.tags)) {
        const keys = this.#keys.get(mark);
        keys?.delete(before.key);
        if (keys?.size === 0) this.#keys.delete(mark);
      }
    if (after)
      for (const mark of marksOf(after.tags)) {
        const keys = this.#keys.get(mark) ?? new Set();
        this.#keys.set(mark, keys.add(after.key));
      }
  }

  /** Keys that have all of these marks. Throws unless `tags` are marks. */
  find(tags: Readonly<Record<string, string>>): string[] {
    const marks = marksOf(tags);
    if (marks.length === 0 || marks.length < Object.keys(tags).length)
      throw new TypeError(
        `Expected tags that begin with "${PREFIX}", got ${Object.keys(tags).join(', ') || 'none'}`,
      );
    const sets = marks.map((mark) => this.#keys.get(mark) ?? new Set<string>());
    const [smallest, ...rest] = sets.toSorted((left, right) => left.size - right.size);
    return [...(smallest ?? [])].filter((key) => rest.every((keys) => keys.has(key))).toSorted();
  }
}

function marksOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.entries(tags)
    .filter(([name]) => asciiLower(name).startsWith(PREFIX))
    .map(([name, value]) => `${asciiLower(name)}=${value}`);
}
