import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AzureIdentity } from '../azure/azure-identity.ts';
import { MARKS } from './identities.ts';
import { IndexedKeys } from './store/entries.ts';

function identity(key: string, tags: Record<string, string>): AzureIdentity {
  return {
    id: key,
    key,
    name: key,
    subscriptionId: 's',
    resourceGroup: 'g',
    location: 'l',
    tags,
    clientId: 'c',
    principalId: 'p',
    tenantId: 't',
  };
}

test('finds what a walk through all would find, after any replacements', () => {
  const tags = fc.dictionary(
    fc.constantFrom('azid-a', 'AZID-A', 'azid-b', 'other'),
    fc.constantFrom('1', '2'),
  );
  const steps = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.option(tags, { nil: undefined })));
  fc.assert(
    fc.property(steps, (changes) => {
      const index = new IndexedKeys(MARKS);
      const held = new Map<string, AzureIdentity>();
      for (const [key, next] of changes) {
        const after = next && identity(key, next);
        index.replace(held.get(key), after);
        if (after) held.set(key, after);
        else held.delete(key);
      }
      for (const wanted of [{ 'azid-a': '1' }, { 'azid-a': '2', 'azid-b': '1' }]) {
        const walk = [...held.values()].filter((each) =>
          Object.entries(wanted).every(([name, value]) =>
            Object.entries(each.tags).some(([tag, is]) => tag.toLowerCase() === name && is === value),
          ),
        );
        expect(index.find(wanted)).toEqual(walk.map(({ key }) => key).toSorted());
      }
    }),
  );
});
