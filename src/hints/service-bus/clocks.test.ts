import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { aheadBy, ClockHistory, type MessageTimes } from './clocks.ts';

const MINUTE = 60_000;
let clock: FakeClock;
let reported: boolean[];
let clocks: ClockHistory;
beforeEach(() => {
  clock = new FakeClock();
  reported = [];
  clocks = new ClockHistory(clock, (soon) => void reported.push(soon));
});
/** @param ago how long ago it reached the queue, by the broker's clock and azid's */
const came = (ago: number, more: Partial<MessageTimes> = {}) =>
  clocks.came({ enqueuedAt: clock.now() - ago, waitedMs: undefined, eventsOff: false, ...more });

test.each<[string, number, number | undefined, number | undefined]>([
  ['one that lay there shows nothing', 60 * MINUTE, undefined, undefined],
  ['one from the future shows that the broker is ahead', -6 * MINUTE, undefined, 6 * MINUTE],
  ['one that came while azid waited is as old as that at most', 10_000, 60_000, 0],
  ['and if it is older the broker is behind', 11 * MINUTE, MINUTE, -10 * MINUTE],
])('%s', (_, ago, waitedMs, ahead) => {
  expect(aheadBy({ enqueuedAt: 1e9 - ago, waitedMs, eventsOff: false }, 1e9)).toBe(ahead);
});

test('the broker ahead is news at once, and again only by much', () => {
  expect(came(-12 * MINUTE)).toBe(12);
  expect(came(-13 * MINUTE)).toBe(13);
  expect(clocks.state).toEqual({ verdict: 'brokerAhead', minutes: 12 });
  expect(came(-60 * MINUTE)).toBe(60);
  expect(clocks.state).toEqual({ verdict: 'brokerAhead', minutes: 60 });
  expect(reported).toEqual([true, true]);
});

test('the clocks agree again when a message shows it, and not when one lay there', () => {
  came(11 * MINUTE, { waitedMs: 2_000 });
  expect(clocks.state).toEqual({ verdict: 'brokerBehind', minutes: 11 });
  came(MINUTE);
  expect(clocks.state?.verdict).toBe('brokerBehind');
  came(0, { waitedMs: 2_000 });
  expect(clocks.state).toEqual({ verdict: 'agree' });
  expect(reported).toEqual([true, false]);
});

test('events of a wrong time are off until five minutes without one', () => {
  came(0, { eventsOff: true, waitedMs: 2_000 });
  clock.advance(5 * MINUTE - 1);
  came(0, { waitedMs: 2_000 });
  expect(clocks.state).toEqual({ verdict: 'eventsOff' });
  clock.advance(1);
  came(0, { waitedMs: 2_000 });
  expect(clocks.state).toEqual({ verdict: 'agree' });
});

test('a message without a time shows nothing', () => {
  came(0, { enqueuedAt: undefined, waitedMs: 2_000 });
  expect([clocks.state, reported]).toEqual([undefined, []]);
});
