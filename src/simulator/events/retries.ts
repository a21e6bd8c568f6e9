import type { Random } from '../random.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after the first attempt, the second, and so on; the last goes on (documentation; newer pages end so). */
const SCHEDULE = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
];

/** What cannot be delivered is dead-lettered so late, so that Event Grid's own troubles do not fill the container. */
export const DEAD_LETTER_AFTER_MS = 5 * MINUTE;

/** What a delivery came to. */
export type Outcome =
  | 'Delivered'
  /** Tried again. */
  | 'NotFound'
  | 'Unauthorized'
  /** Given up at once. */
  | 'PayloadTooLarge';

export const isFinal = (outcome: Outcome): boolean =>
  outcome === 'Delivered' || outcome === 'PayloadTooLarge';

/** How long to wait after so many attempts, give or take a tenth; undefined when it was the last. */
export function retryAfter(
  given: { readonly attempts: number; readonly ageMs: number },
  policy: { readonly maxDeliveryAttempts: number; readonly timeToLiveMs: number },
  random: Random,
): number | undefined {
  if (given.attempts >= policy.maxDeliveryAttempts) return undefined;
  const wait = (SCHEDULE[given.attempts - 1] ?? SCHEDULE.at(-1) ?? 0) * (0.9 + 0.2 * random.next());
  return given.ageMs + wait > policy.timeToLiveMs ? undefined : wait;
}
