import { expect, test } from 'vitest';
import { RESYNC, resyncAfterMs, retryAfterMs } from './list-loop.ts';

const [low, middle, high] = [() => 0, () => 0.5, () => 0.999_999];

test('lists are ten minutes apart, give or take a tenth', () => {
  expect([low, middle, high].map((random) => resyncAfterMs(RESYNC, random))).toEqual([
    540_000, 600_000, 660_000,
  ]);
});

test('failed lists are tried again ever more slowly, at most ten minutes apart', () => {
  expect([1, 2, 3, 9, 10, 1000].map((failures) => retryAfterMs(RESYNC, failures, high))).toEqual([
    2000, 4000, 8000, 512_000, 600_000, 600_000,
  ]);
  expect(retryAfterMs(RESYNC, 1, low)).toBe(1000);
});
