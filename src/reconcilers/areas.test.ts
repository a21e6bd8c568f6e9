import { expect, it } from 'vitest';
import { AreasInUse } from './areas.ts';

function recorded() {
  const calls: string[] = [];
  const loaded = Promise.withResolvers<void>();
  const woken: string[][] = [];
  const areas = new AreasInUse(
    {
      use: (area) => void calls.push(`use ${area}`),
      release: (area) => void calls.push(`release ${area}`),
      whenLoaded: () => loaded.promise,
    },
    (keys) => woken.push([...keys]),
  );
  return { areas, calls, loaded, woken };
}

it('lists an area from its first user to its last', () => {
  const { areas, calls } = recorded();
  areas.note('a/1', ['/s1', '/s1']);
  areas.note('a/2', ['/s1']);
  areas.forget('a/1');
  expect(calls).toEqual(['use /s1']);
  areas.forget('a/2');
  areas.forget('a/2');
  expect(calls).toEqual(['use /s1', 'release /s1']);
  expect(areas.all).toEqual([]);
});

it('follows an object that moves, and keeps what it still uses', () => {
  const { areas, calls } = recorded();
  areas.note('a/1', ['/s1', '/']);
  areas.note('a/1', ['/', '/s2']);
  expect(calls).toEqual(['use /s1', 'use /', 'use /s2', 'release /s1']);
  expect(areas.all).toEqual(['/', '/s2']);
});

it('wakes whoever uses an area when its first list is in', async () => {
  const { areas, loaded, woken } = recorded();
  for (const key of ['a/1', 'a/2', 'a/3']) areas.note(key, ['/s1']);
  areas.forget('a/1');
  loaded.resolve();
  await loaded.promise;
  expect(woken).toEqual([['a/2', 'a/3']]);
});
