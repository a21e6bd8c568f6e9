import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, jittered } from './backoff.ts';

const MOST = 1 - Number.EPSILON;
const random = fc.double({ min: 0, max: MOST, noNaN: true });

describe('backoffMs', () => {
  test('doubles from one second to fifteen minutes', () => {
    const waits = Array.from({ length: 12 }, (_, i) => Math.round(backoffMs(i + 1, () => MOST)));
    const seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
    expect(waits).toEqual(seconds.map((s) => s * 1_000));
  });

  test('is at least half of the full wait and never above the limit, for any number of failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), random, (failures, r) => {
        const full = Math.min(900_000, 1_000 * 2 ** (failures - 1));
        const wait = backoffMs(failures, () => r);
        expect(wait).toBeGreaterThanOrEqual(full / 2);
        expect(wait).toBeLessThanOrEqual(full);
      }),
    );
  });

  test('takes another base and limit', () => {
    expect(backoffMs(1, () => 0, { baseMs: 100, maxMs: 150 })).toBe(50);
    expect(backoffMs(9, () => 0, { baseMs: 100, maxMs: 150 })).toBe(75);
  });

  test.each([0, -1, 1.5, Number.NaN])('refuses %s failures', (failures) => {
    expect(() => backoffMs(failures, () => 0)).toThrow('Expected `failures` to be an integer from 1 up');
  });
});

test('jittered stays within its share to either side', () => {
  expect(jittered(1_000, () => 0)).toBe(900);
  expect(jittered(1_000, () => 0.5)).toBe(1_000);
  expect(jittered(1_000, () => MOST)).toBeCloseTo(1_100);
});
