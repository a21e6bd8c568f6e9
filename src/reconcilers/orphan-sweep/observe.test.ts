import { expect, it } from 'vitest';
import { asksForClaim, PACE_MS, paceMs } from './observe.ts';
import type { RunMemory } from './run/memory.ts';

it('the claim is read at each pass of a run, however lately it was renewed, and between runs when it is due', () => {
  const run = {} as RunMemory;
  expect(asksForClaim(run, 1_000, { renewAt: 2_000 })).toBe(true);
  expect(asksForClaim(undefined, 1_000, { renewAt: 2_000 })).toBe(false);
  expect(asksForClaim(undefined, 2_000, { renewAt: 2_000 })).toBe(true);
});

it('deletions are spread', () => {
  const clock = { monotonic: () => 10_000 };
  expect(paceMs({ lastDeletionAt: undefined }, { clock })).toBe(0);
  expect(paceMs({ lastDeletionAt: 10_000 }, { clock })).toBe(PACE_MS);
  expect(paceMs({ lastDeletionAt: 9_000 }, { clock })).toBe(PACE_MS - 1_000);
  expect(paceMs({ lastDeletionAt: 10_000 - PACE_MS }, { clock })).toBe(0);
});
