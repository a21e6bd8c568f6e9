import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heap } from './heap.ts';

interface Item {
  readonly rank: number;
}

const byRank = () => new Heap<Item>((a, b) => a.rank < b.rank);

describe('Heap', () => {
  test('gives items in order, from any order of arrival and after any removals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(1_000), fc.boolean()), { maxLength: 200, size: 'max' }),
        (input) => {
          const items = input.map(([rank, stays]) => ({ rank, stays }));
          const heap = byRank();
          for (const item of items) heap.push(item);
          for (const item of items) if (!item.stays) expect(heap.remove(item)).toBe(true);
          const left = items.filter((item) => item.stays).map((item) => item.rank);
          expect(heap.size).toBe(left.length);
          const given: number[] = [];
          for (let item = heap.pop(); item; item = heap.pop()) given.push(item.rank);
          expect(given).toEqual(left.sort((a, b) => a - b));
        },
      ),
    );
  });

  test('needs in the order of log n comparisons, whichever item is removed', () => {
    let comparisons = 0;
    const heap = new Heap<Item>((a, b) => {
      comparisons += 1;
      return a.rank < b.rank;
    });
    const count = 1 << 14;
    // A full-period sequence: all ranks once, in no order a heap would like or dislike.
    const items = Array.from({ length: count }, (_, i) => ({ rank: (i * 5_741 + 97) % count }));
    for (const item of items) heap.push(item);
    for (const item of items) heap.remove(item);
    expect(heap.size).toBe(0);
    expect(comparisons).toBeLessThan(4 * 14 * count);
  });

  test('knows what is not inside', () => {
    const heap = byRank();
    const item = { rank: 1 };
    expect(heap.remove(item)).toBe(false);
    heap.push(item);
    expect(() => heap.push(item)).toThrow('expected an item that is not in the heap');
    expect(heap.pop()).toBe(item);
    expect(heap.peek()).toBeUndefined();
    expect(heap.remove(item)).toBe(false);
  });
});
