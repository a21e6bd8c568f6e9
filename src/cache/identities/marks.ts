import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import type { Index } from '../store/indexes.ts';

/** All marks of azid begin so (docs/architecture.md section 6). Other tags are not indexed: nothing queries them. */
const PREFIX = 'azid-';

/** Finds identities by azid's marks, all of those given. Tag names compare without case, values exactly. */
export const MARKS: Index<AzureIdentity, Readonly<Record<string, string>>> = {
  termsOf: ({ tags }) => marksOf(tags),
  termsFor(tags) {
    const marks = marksOf(tags);
    if (marks.length === 0 || marks.length < Object.keys(tags).length)
      throw new TypeError(
        `Expected tags that begin with "${PREFIX}", got ${Object.keys(tags).join(', ') || 'none'}`,
      );
    return marks;
  },
};

function marksOf(tags: Readonly<Record<string, string>>): string[] {
  return Object.entries(tags)
    .filter(([name]) => asciiLower(name).startsWith(PREFIX))
    .map(([name, value]) => `${asciiLower(name)}=${value}`);
}
