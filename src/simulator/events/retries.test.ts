import { expect, test } from 'vitest';
import { retryAfter } from './delivery-attempt.ts';

/** Jitter is a tenth up or down: in the middle there is none. */
const middle = { next: () => 0.5, uuid: () => '' };
const policy = { maxDeliveryAttempts: 30, timeToLiveMs: 24 * 3600_000 };
const HOUR = 3600_000;

test('waits grow as documented, and end with the attempts or the time to live', () => {
  const waits: number[] = [];
  let ageMs = 0;
  for (let attempts = 1; ; attempts++) {
    const wait = retryAfter({ attempts, ageMs }, policy, middle);
    if (wait === undefined) break;
    waits.push(Math.round(wait / 1000));
    ageMs += wait;
  }
  expect(waits).toEqual([10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600]);
  expect(ageMs).toBeLessThanOrEqual(24 * HOUR);
  expect(
    retryAfter({ attempts: 3, ageMs: 0 }, { ...policy, maxDeliveryAttempts: 3 }, middle),
  ).toBeUndefined();
});

test('jitter is a tenth at most', () => {
  const at = (next: number) => retryAfter({ attempts: 1, ageMs: 0 }, policy, { ...middle, next: () => next });
  expect(at(0)).toBeCloseTo(9_000);
  expect(at(1)).toBeCloseTo(11_000);
});
