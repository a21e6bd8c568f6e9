/**
 * How far a query of the Activity Log has come, by the log's own times, so that a clock of this machine that is off misses nothing
 * (docs/azure-facts.md section 11). All times are wall ms.
 */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A record shows up to 20 min after the call: what is younger than this by the log's own progress may still be missing. */
export const OVERLAP_MS = 30 * MINUTE;
/**
 * How far the clocks may be apart; so much of the past is read where nothing is known, and so far a range reaches
 * beyond now. A record that is known already costs its share of a page.
 */
export const MARGIN_MS = DAY;
/** The log keeps 90 days; what it may forget right now is not asked for. */
const KEPT_MS = 89 * DAY;
/** Longest range of one query. */
export const RANGE_MS = 15 * DAY;
/** What Azure takes in writes of a subscription in this time is a fraction of what one query reads. */
const SHORTEST_MS = 30 * MINUTE;
/** What is kept over a restart may be ahead of this clock by so much. */
const AHEAD_MS = 5 * MINUTE;

export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * What is to be asked for, oldest first.
 *
 * @param upTo where the last query came to; undefined: nothing is known
 */
export function rangesFrom(upTo: number | undefined, now: number): readonly Range[] {
  const known = Math.min(upTo ?? now - MARGIN_MS, now) - OVERLAP_MS;
  const end = now + MARGIN_MS;
  const ranges: Range[] = [];
  for (let from = Math.max(known, now - KEPT_MS); from < end; from += RANGE_MS)
    ranges.push({ from, to: Math.min(from + RANGE_MS, end) });
  return ranges;
}

/** The older first; none where it is as short as it may be: who says that there is still more of that goes on for ever. */
export function halvesOf({ from, to }: Range): readonly Range[] {
  const middle = Math.floor((from + to) / 2);
  return to - from < 2 * SHORTEST_MS
    ? []
    : [
        { from, to: middle },
        { from: middle, to },
      ];
}

/**
 * Where a query has come to after a whole range. The log's own progress counts: while all records are late, none is passed over.
 * Where nothing happens it makes none, and a day later all has been shown: else the range would grow for ever.
 *
 * @param submittedAt when the log took in the last record that was read
 */
export function advanced(
  upTo: number | undefined,
  { to }: Range,
  submittedAt: number | undefined,
  now: number,
): number {
  const shown = Math.min(to, now - MARGIN_MS);
  // Not beyond the range: what came late in it says nothing of what the next one holds.
  const reported = Math.min(submittedAt ?? shown, to);
  return Math.max(upTo ?? shown, reported, shown);
}

/** Whether what a ConfigMap holds can be where a query came to: a number, and of a time that has come. */
export function isPossible(upTo: number, now: number): boolean {
  return upTo > 0 && upTo <= now + AHEAD_MS;
}
