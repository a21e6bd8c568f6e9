import { describe, expect, it, test } from 'vitest';
import { advanced, halvesOf, isPossible, MARGIN_MS, OVERLAP_MS, RANGE_MS, rangesFrom } from './position.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const now = Date.parse('2026-11-29T12:00:00Z');

describe('what is asked for', () => {
  it('begins 30 min before the last record, and reaches beyond now', () => {
    expect(rangesFrom(now - 5 * minute, now)).toEqual([{ from: now - 35 * minute, to: now + day }]);
  });

  it('is the last day where nothing is known', () => {
    expect(rangesFrom(undefined, now)).toEqual([{ from: now - day - OVERLAP_MS, to: now + day }]);
  });

  it('never begins after now less 30 min, though the log is ahead of this clock', () => {
    expect(rangesFrom(now + 10 * minute, now)[0]?.from).toBe(now - OVERLAP_MS);
  });

  it('is cut into ranges of 15 days without a gap after a long absence', () => {
    const ranges = rangesFrom(now - 40 * day, now);
    expect(ranges).toHaveLength(3);
    expect(ranges[0]?.from).toBe(now - 40 * day - OVERLAP_MS);
    for (const [at, range] of ranges.entries()) {
      expect(range.to - range.from).toBeLessThanOrEqual(RANGE_MS);
      if (at > 0) expect(range.from).toBe(ranges[at - 1]?.to);
    }
    expect(ranges.at(-1)?.to).toBe(now + day);
  });

  it('is never older than what Azure keeps', () => {
    expect(rangesFrom(now - 900 * day, now)[0]?.from).toBe(now - 89 * day);
    expect(rangesFrom(now - 900 * day, now)).toHaveLength(6);
  });
});

describe('where a query has come to', () => {
  const last = { from: now - 35 * minute, to: now + day };
  test.each<[string, number | undefined, number | undefined, number]>([
    ['the last record that the log took in', now - 10 * minute, now - 3 * minute, now - 3 * minute],
    ['never back', now - 10 * minute, now - 20 * minute, now - 10 * minute],
    ['where it was, while nothing happens', now - 10 * minute, undefined, now - 10 * minute],
    ['at least to a day ago', now - 3 * day, undefined, now - MARGIN_MS],
    ['a day ago, where nothing was known and nothing happened', undefined, undefined, now - MARGIN_MS],
    ['the first record', undefined, now - 3 * minute, now - 3 * minute],
    ['no record pushes it far into the future', now - 10 * minute, now + 900 * day, now + MARGIN_MS],
  ])('%s', (_, upTo, submittedAt, expected) => {
    expect(advanced(upTo, last, submittedAt, now)).toBe(expected);
  });

  it('the end of a range of the past', () => {
    const old = { from: now - 40 * day, to: now - 25 * day };
    expect(advanced(now - 40 * day, old, now - 30 * day, now)).toBe(now - 25 * day);
  });

  it('never beyond a range of the past, though a record of it came days late', () => {
    const old = { from: now - 40 * day, to: now - 25 * day };
    expect(advanced(now - 40 * day, old, now - 20 * day, now)).toBe(now - 25 * day);
  });

  it('a log that is late by an hour loses nothing: the range waits for it', () => {
    const upTo = advanced(now - 90 * minute, last, now - 90 * minute, now);
    expect(rangesFrom(upTo, now + 5 * minute)[0]?.from).toBe(now - 120 * minute);
  });
});

describe('a range with too many records', () => {
  it('is read in halves without a gap, the older first', () => {
    expect(halvesOf({ from: now - day, to: now + day + 1 })).toEqual([
      { from: now - day, to: now },
      { from: now, to: now + day + 1 },
    ]);
  });

  it('is not cut without end', () => {
    let [range, count] = [{ from: now - RANGE_MS, to: now }, 0];
    for (let [half] = halvesOf(range); half; [half] = halvesOf(range)) [range, count] = [half, count + 1];
    expect(count).toBe(9);
  });
});

test.each([
  [now - day, true],
  [now + 4 * minute, true],
  [now + 6 * minute, false],
  [now + 900 * day, false],
  [Number.NaN, false],
  [-1, false],
])('%d may be kept: %s', (upTo, possible) => {
  expect(isPossible(upTo, now)).toBe(possible);
});
