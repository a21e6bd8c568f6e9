import { expect, test } from 'vitest';
import { IndexedKeys } from './entries.ts';

test('an index finds what is held, under its new term after a change, and nothing that is gone', () => {
  const index = new IndexedKeys<{ key: string; team: string }, string>({
    termsOf: ({ team }) => [team],
    termsFor: (team) => [team],
  });
  const web = { key: 'web', team: 'a' };
  index.replace(undefined, web);
  index.replace(undefined, { key: 'api', team: 'a' });
  expect(index.find('a')).toEqual(['api', 'web']);
  index.replace(web, { ...web, team: 'b' });
  expect([index.find('a'), index.find('b')]).toEqual([['api'], ['web']]);
  index.replace({ ...web, team: 'b' }, undefined);
  expect(index.find('b')).toEqual([]);
});
