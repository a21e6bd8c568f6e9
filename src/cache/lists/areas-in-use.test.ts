import { expect, it } from 'vitest';
import { AreasInUse } from './areas-in-use.ts';

function recorded() {
  const calls: string[] = [];
  const areas = new AreasInUse();
  areas.onChange({
    began: (area) => void calls.push(`use ${area}`),
    ended: (area) => void calls.push(`release ${area}`),
  });
  return { areas, calls };
}

it('lists an area from its first user to its last', () => {
  const { areas, calls } = recorded();
  areas.use('a/1', ['/s1', '/s1']);
  areas.use('a/2', ['/s1']);
  areas.use('a/1', []);
  expect(calls).toEqual(['use /s1']);
  areas.use('a/2', []);
  areas.use('a/2', []);
  expect(calls).toEqual(['use /s1', 'release /s1']);
  expect(areas.names).toEqual([]);
});

it('follows an object that moves, and keeps what it still uses', () => {
  const { areas, calls } = recorded();
  areas.use('a/1', ['/s1', '/']);
  areas.use('a/1', ['/', '/s2']);
  expect(calls).toEqual(['use /s1', 'use /', 'use /s2', 'release /s1']);
  expect(areas.names).toEqual(['/', '/s2']);
});

it('gives the users of an area, and the areas of a user', () => {
  const { areas } = recorded();
  for (const key of ['a/1', 'a/2', 'a/3']) areas.use(key, ['/s1']);
  areas.use('a/1', []);
  expect(areas.usersOf('/s1')).toEqual(['a/2', 'a/3']);
  expect(areas.areasOf('a/2')).toEqual(['/s1']);
  expect([areas.areasOf('a/1'), areas.usersOf('/s2')]).toEqual([[], []]);
});
