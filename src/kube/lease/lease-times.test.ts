import { expect, it } from 'vitest';
import { LEASE_TIMES, wrongTimes } from './lease-record.ts';

const FLAGS = {
  leaseDurationMs: '--lease-duration',
  renewDeadlineMs: '--renew-deadline',
  retryMs: '--retry-period',
};
const times = (lease: number, deadline: number, retry: number) => ({
  leaseDurationMs: lease * 1_000,
  renewDeadlineMs: deadline * 1_000,
  retryMs: retry * 1_000,
});

it.each([
  { title: 'the defaults', given: LEASE_TIMES },
  { title: 'those of a cluster whose control plane is away for a minute', given: times(137, 107, 26) },
  { title: 'the shortest', given: times(5, 4, 2) },
])('$title fit', ({ given }) => {
  expect(wrongTimes(given)).toBeUndefined();
});

it.each([
  {
    title: 'a leader that has not given up when the next one begins',
    given: times(15, 20, 2),
    expected:
      'expected --lease-duration to be at least 1.25 times --renew-deadline (20s), got 15s: a leader must have given up before another one begins, also by a slow clock; raise the one or lower the other',
  },
  {
    title: 'one that has barely given up: its clock may be slow',
    given: times(15, 14, 2),
    expected: /^expected --lease-duration to be at least 1.25 times --renew-deadline \(14s\), got 15s/,
  },
  {
    title: 'one that gives up before it can try again',
    given: times(15, 10, 9),
    expected:
      'expected --renew-deadline to be above 1.2 times --retry-period (9s), got 10s: a leader must be able to try again before it gives up; raise the one or lower the other',
  },
  {
    title: 'a duration that the record cannot hold',
    given: times(7.5, 4, 2),
    expected: 'expected --lease-duration to be whole seconds, such as 15s, got 7.5s',
  },
])('$title is refused by the names of the flags', ({ given, expected }) => {
  expect(wrongTimes(given, FLAGS)).toMatch(expected);
});
