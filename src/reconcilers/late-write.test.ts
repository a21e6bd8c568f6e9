import { expect, it } from 'vitest';
import { Elapsed } from '../runtime/time/elapsed.ts';
import { LateWrites } from './own-writes.ts';

const TEN = Date.parse('2026-11-28T10:00:00Z');

function world() {
  const time = { wall: TEN, monotonic: 0 };
  const clock = { now: () => time.wall, monotonic: () => time.monotonic };
  return {
    time,
    late: new LateWrites({ elapsed: new Elapsed(clock), callLimitMs: 60_000, azureLagMs: 120_000 }),
  };
}

it('a write of a dead process is late for as long as a call may last, and Azure lags after that', () => {
  const { late, time } = world();
  expect(late.openMs('uid', '2026-11-28T10:00:00Z')).toBe(180_000);
  time.monotonic += 180_000;
  expect(late.openMs('uid', '2026-11-28T10:00:00Z')).toBe(0);
});

it('a write that is over shows after the lag', () => {
  const { late, time } = world();
  expect(late.lagMs('uid', '2026-11-28T09:59:00Z')).toBe(60_000);
  time.monotonic += 60_000;
  expect(late.lagMs('uid', '2026-11-28T09:59:00Z')).toBe(0);
});

it.each([
  ['back', -3_600_000],
  ['forward', 3_600_000],
])('a wall clock that is set %s while the process runs changes neither', (_, by) => {
  const { late, time } = world();
  late.openMs('uid', '2026-11-28T10:00:00Z');
  late.lagMs('other', '2026-11-28T10:00:00Z');
  time.wall += by;
  expect(late.openMs('uid', '2026-11-28T10:00:00Z')).toBe(180_000);
  expect(late.lagMs('other', '2026-11-28T10:00:00Z')).toBe(120_000);
});
