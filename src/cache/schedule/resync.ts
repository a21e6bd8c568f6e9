import { backoffMs, jittered } from '../../runtime/queue/backoff.ts';

/** When a subscription is listed again. Randomness is passed in: 0 <= random() < 1. */

export interface ResyncOptions {
  /** Default 10 min. */
  readonly everyMs: number;
  /** Share of `everyMs` by which a wait may be shorter or longer, so that subscriptions do not march in step. */
  readonly jitter: number;
  /** First wait after a failed list; doubles up to `everyMs`. */
  readonly retryMs: number;
}

export const RESYNC: ResyncOptions = { everyMs: 600_000, jitter: 0.1, retryMs: 2000 };

/** Ms to the next list after one that succeeded. */
export function resyncAfterMs({ everyMs, jitter }: ResyncOptions, random: () => number): number {
  return Math.round(jittered(everyMs, random, jitter));
}

/** Ms to the next try after `failures` failed ones in a row; half of it is drawn, so that retries spread. */
export function retryAfterMs(
  { everyMs, retryMs }: ResyncOptions,
  failures: number,
  random: () => number,
): number {
  return Math.round(backoffMs(failures, random, { baseMs: retryMs, maxMs: everyMs }));
}
