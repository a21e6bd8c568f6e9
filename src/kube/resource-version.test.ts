import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from './types.ts';

describe('compareVersions', () => {
  it('orders versions as integers of any size', () => {
    const integer = fc.bigInt({ min: 1n, max: 10n ** 30n });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const order = compareVersions(String(a), String(b)) ?? Number.NaN;
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it.each(['', '0', '01', 'abc', '1.5', '-1'])('knows no order with "%s", only equality', (opaque) => {
    expect(compareVersions(opaque, '5')).toBeUndefined();
    expect(compareVersions('5', opaque)).toBeUndefined();
    expect(compareVersions(opaque, opaque)).toBe(0);
  });
});
