import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { createRandom } from '../random.ts';
import { History, type Staleness } from './history.ts';

function history(staleness: Partial<Staleness> = {}) {
  const clock = new FakeClock();
  const given = { listLagMs: 0, readAfterWriteMs: 0, ...staleness };
  return { clock, things: new History<string>(clock, createRandom(1), () => given) };
}

test('without lag a list is the truth', () => {
  const { things } = history();
  things.set('a', '1');
  things.set('a', '2');
  things.set('b', '1');
  expect(things.delete('b')).toBe(true);
  expect(things.delete('b')).toBe(false);
  expect(things.list()).toEqual(['2']);
  expect(things.values()).toEqual(['2']);
});

test('a list shows creation, change and deletion each after its lag', () => {
  const { clock, things } = history({ listLagMs: 10 });
  things.set('a', '1');
  expect(things.list()).toEqual([]);
  clock.advance(10);
  things.set('a', '2');
  expect(things.list()).toEqual(['1']);
  clock.advance(9);
  expect(things.list()).toEqual(['1']);
  clock.advance(1);
  things.delete('a');
  expect(things.list()).toEqual(['2']);
  expect(things.get('a')).toBeUndefined();
  clock.advance(10);
  expect(things.list()).toEqual([]);
});

test('a fresh creation is hidden from a GET for its window, a change is not, a new creation is again', () => {
  const { clock, things } = history({ readAfterWriteMs: 10 });
  things.set('a', '1');
  expect(things.hidden('a')).toBe(true);
  clock.advance(10);
  expect(things.hidden('a')).toBe(false);
  things.set('a', '2');
  expect(things.hidden('a')).toBe(false);
  things.delete('a');
  things.set('a', '3');
  expect(things.hidden('a')).toBe(true);
});

test('settle ends what is pending and nothing that comes later', () => {
  const { clock, things } = history({ listLagMs: 10, readAfterWriteMs: 10 });
  things.set('a', '1');
  things.settle();
  expect(things.list()).toEqual(['1']);
  expect(things.hidden('a')).toBe(false);
  clock.advance(1);
  things.set('a', '2');
  expect(things.list()).toEqual(['1']);
});

test('under any lags, a list shows for each key a value it once had, and the truth once they have passed', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), key: fc.constantFrom('a', 'b'), value: fc.string() }),
    fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom('a', 'b') }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(50) }),
    fc.record({ kind: fc.constant('list' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, things } = history({ listLagMs: { min: 0, max: 40 } });
      const had = new Set<string>();
      for (const each of steps) {
        if (each.kind === 'set') {
          things.set(each.key, each.value);
          had.add(each.value);
        } else if (each.kind === 'delete') things.delete(each.key);
        else if (each.kind === 'wait') clock.advance(each.ms);
        else for (const shown of things.list()) expect(had).toContain(shown);
      }
      clock.advance(40);
      expect(things.list()).toEqual(things.values());
    }),
  );
});
