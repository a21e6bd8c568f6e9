import { beforeEach, describe, expect, it } from 'vitest';
import { LastOwners } from './recorded-principals.ts';

let last: LastOwners;
beforeEach(() => {
  last = new LastOwners();
});

describe('whose a principal was last', () => {
  it('is the object whose marks were shown, and an object has one principal', () => {
    last.shown('p1', 'a', 1);
    expect([last.ownerOf('p1'), last.principalOf('a')]).toEqual(['a', 'p1']);
    last.shown('p2', 'a', 2);
    expect([last.ownerOf('p1'), last.ownerOf('p2'), last.principalOf('a')]).toEqual([undefined, 'a', 'p2']);
  });

  it('is one object at most', () => {
    last.shown('p1', 'a', 1);
    last.shown('p1', 'b', 2);
    expect([last.ownerOf('p1'), last.principalOf('a'), last.principalOf('b')]).toEqual([
      'b',
      undefined,
      'p1',
    ]);
  });

  it('follows from the later request, whichever answer comes first', () => {
    last.shown('p1', 'b', 5);
    last.shown('p1', 'a', 4);
    expect(last.ownerOf('p1')).toBe('b');
    last.withdraw('p1', 'b', 4);
    expect(last.ownerOf('p1')).toBe('b');
    last.withdraw('p1', 'b', 6);
    last.shown('p1', 'a', 5);
    expect([last.ownerOf('p1'), last.principalOf('a'), last.principalOf('b')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    last.shown('p1', 'a', 7);
    expect(last.ownerOf('p1')).toBe('a');
  });

  it('does not follow from a list where anything is known', () => {
    last.listed('p1', 'a');
    expect(last.ownerOf('p1')).toBe('a');
    last.withdraw('p1', 'a', 1);
    last.listed('p1', 'a');
    last.listed('p1', 'b');
    expect(last.ownerOf('p1')).toBeUndefined();
    last.listed('p2', 'a');
    expect(last.principalOf('a')).toBeUndefined();
  });

  it('is withdrawn from the owner alone', () => {
    last.shown('p1', 'a', 1);
    last.withdraw('p1', 'b', 2);
    expect(last.ownerOf('p1')).toBe('a');
  });

  it('is nobody once the object is gone, and anybody may have it then', () => {
    last.shown('p1', 'a', 9);
    last.forget('a');
    last.listed('p1', 'b');
    expect([last.principalOf('a'), last.ownerOf('p1')]).toEqual([undefined, 'b']);
    last.forget('a');
    expect(last.ownerOf('p1')).toBe('b');
  });
});
