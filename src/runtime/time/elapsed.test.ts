import { expect, it } from 'vitest';
import { Elapsed } from './elapsed.ts';

const TEN = Date.parse('2026-11-29T10:00:00Z');
const HOUR = 3_600_000;

function world() {
  const time = { wall: TEN, monotonic: 0 };
  const elapsed = new Elapsed({ now: () => time.wall, monotonic: () => time.monotonic });
  const pass = (ms: number) => {
    time.wall += ms;
    time.monotonic += ms;
  };
  return { time, elapsed, pass };
}

it('counts from the time that is given', () => {
  const { elapsed, pass } = world();
  expect(elapsed.since('a', '2026-11-29T09:59:00Z')).toBe(60_000);
  pass(5_000);
  expect(elapsed.since('a', '2026-11-29T09:59:00Z')).toBe(65_000);
});

it.each([
  ['back', -HOUR],
  ['forward', HOUR],
])('goes on as before when the wall clock is set %s', (_, by) => {
  const { elapsed, pass, time } = world();
  elapsed.since('a', '2026-11-29T09:59:00Z');
  time.wall += by;
  pass(1_000);
  expect(elapsed.since('a', '2026-11-29T09:59:00Z')).toBe(61_000);
});

it('what lies ahead happened when it was first met', () => {
  const { elapsed, pass } = world();
  expect(elapsed.since('a', '2099-01-01T00:00:00Z')).toBe(0);
  pass(1_000);
  expect(elapsed.since('a', '2099-01-01T00:00:00Z')).toBe(1_000);
});

it('another time of the same thing, and the same time of another, count by themselves', () => {
  const { elapsed, pass } = world();
  elapsed.since('a', '2026-11-29T10:00:00Z');
  pass(1_000);
  expect(elapsed.since('a', '2026-11-29T10:00:01Z')).toBe(0);
  expect(elapsed.since('b', '2026-11-29T10:00:00Z')).toBe(1_000);
});
