/** For how long who may believe what of a Lease, with client-go's names and defaults. All ms. */
export interface LeaseTimes {
  /** Followers wait this long after the last change they saw. */
  readonly leaseDurationMs: number;
  /** The leader gives up this long after the start of its last renewal that succeeded. */
  readonly renewDeadlineMs: number;
  /** Between tries. */
  readonly retryMs: number;
}

export const LEASE_TIMES: LeaseTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** A follower's wait is between 1 and 2.2 times `retryMs`, so that candidates do not come in step (client-go). */
export const JITTER = 1.2;

/**
 * By how much the clock of a leader may be slower than that of a follower before both believe to lead, at least: the record's duration
 * over the deadline. 1.5 with the defaults.
 */
const LEAST_MARGIN = 1.25;

/** How whoever set them calls them. */
type TimeNames = Readonly<Record<keyof LeaseTimes, string>>;

const OPTIONS: TimeNames = {
  leaseDurationMs: 'leaseDurationMs',
  renewDeadlineMs: 'renewDeadlineMs',
  retryMs: 'retryMs',
};

/** Why there could be two leaders with these times, or none for long; undefined: they fit. */
export function wrongTimes(times: LeaseTimes, names: TimeNames = OPTIONS): string | undefined {
  const { leaseDurationMs, renewDeadlineMs, retryMs } = times;
  const is = (name: keyof LeaseTimes) => `${names[name]} (${secondsOf(times[name])})`;
  // The record holds whole seconds: followers would wait for longer than was asked for.
  if (!(leaseDurationMs > 0) || leaseDurationMs % 1_000 !== 0)
    return `expected ${names.leaseDurationMs} to be whole seconds, such as 15s, got ${secondsOf(leaseDurationMs)}`;
  if (leaseDurationMs < LEAST_MARGIN * renewDeadlineMs)
    return `expected ${names.leaseDurationMs} to be at least ${LEAST_MARGIN} times ${is('renewDeadlineMs')}, got ${secondsOf(leaseDurationMs)}: a leader must have given up before another one begins, also by a slow clock; raise the one or lower the other`;
  if (!(retryMs > 0) || renewDeadlineMs <= JITTER * retryMs)
    return `expected ${names.renewDeadlineMs} to be above ${JITTER} times ${is('retryMs')}, got ${secondsOf(renewDeadlineMs)}: a leader must be able to try again before it gives up; raise the one or lower the other`;
  return undefined;
}

/** `10s`, `7.5s`. */
export function secondsOf(ms: number): string {
  return `${ms / 1_000}s`;
}
