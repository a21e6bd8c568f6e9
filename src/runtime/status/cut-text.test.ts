import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText } from './conditions.ts';

describe('cutText', () => {
  it('keeps what fits and marks what was cut', () => {
    expect(cutText('hello', 5)).toBe('hello');
    expect(cutText('hello!', 5)).toBe('he…');
    expect(cutText('a€€€', 8)).toBe('a€…');
  });

  it('never exceeds the limit and never cuts a character in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 50 }), (text, limit) => {
        const cut = cutText(text, limit);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
        expect(cut === text || text.startsWith(cut.slice(0, -1))).toBe(true);
      }),
    );
  });
});
