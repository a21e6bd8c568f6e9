import { describe, expect, test } from 'vitest';
import { merged, PendingKeys } from './pending.ts';
import { ReadyKeys } from './ready.ts';

const always = () => true;

describe('two wishes for one key', () => {
  const early = { priority: 'event', due: 5, turns: ['a'] } as const;
  const urgent = { priority: 'edit', due: 9, turns: ['b'] } as const;

  test('are one: the earlier time, the higher class, the turns of both', () => {
    expect(merged(early, urgent)).toEqual({ priority: 'edit', due: 5, turns: ['a', 'b'] });
    expect(merged(urgent, early)).toEqual({ priority: 'edit', due: 5, turns: ['b', 'a'] });
    expect(merged(early, { ...early, turns: ['a'] }).turns).toEqual(['a']);
    expect(merged(undefined, urgent)).toBe(urgent);
  });

  test('of a delayed key let it run in the turn of either', () => {
    for (const turn of ['a', 'b']) {
      const pending = new PendingKeys(1_000);
      pending.add('x', early, 0);
      pending.add('x', urgent, 0);
      expect(pending.take(10, (each) => each === turn)).toMatchObject({ key: 'x', turn });
    }
  });
});

test('a delayed key waits since it was due, however late it is taken', () => {
  const pending = new PendingKeys(1_000);
  pending.add('x', { priority: 'event', due: 10, turns: [''] }, 0);
  expect(pending.take(9, always)).toBeUndefined();
  expect(pending.oldestWaitMs(25)).toBe(15);
  expect(pending.take(25, always)).toMatchObject({ key: 'x', since: 10 });
});

test('a key that waited long and is raised keeps its place among those that waited long', () => {
  const ready = new ReadyKeys(10);
  ready.add('older', 'resync', 0);
  ready.add('old', 'resync', 1);
  ready.add('edit-0', 'edit', 20);
  expect(ready.take(20)).toMatchObject({ key: 'edit-0' });
  ready.add('older', 'event', 20);
  for (let n = 1; n <= 30; n++) ready.add(`edit-${n}`, 'edit', 20);
  const taken = Array.from({ length: 25 }, () => ready.take(20)?.key);
  expect(taken.filter((key) => key?.startsWith('old'))).toEqual(['older', 'old']);
});
