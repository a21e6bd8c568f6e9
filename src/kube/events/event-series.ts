import { RecentMap } from '../../runtime/recent-map.ts';
import type { Clock } from '../../runtime/time/clock.ts';

/** Alike within this time is one series (client-go `tools/record`). */
export const SERIES_MS = 600_000;
/** Per object: this many at once, then one per `REFILL_MS`. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Series and buckets kept; the oldest go first. */
export const CAPACITY = 4096;

/** What became of one kind of happening on one object. */
export interface Series {
  /** Namespace and name of its Event. */
  readonly namespace: string;
  readonly name: string;
  count: number;
  /** Wall ms. */
  lastObserved: number;
  /** Monotonic ms. */
  lastSeen: number;
  /** Whether the Event exists on the server. */
  created: boolean;
  /** Whether a write of it waits in the queue. */
  queued: boolean;
}

/** The spam filter: a token bucket per object. */
export class EventBudget {
  readonly #clock: Clock;
  readonly #buckets = new RecentMap<{ tokens: number; at: number }>(CAPACITY);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes one token of the object; false when there is none. */
  take(uid: string): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(uid) ?? { tokens: BURST, at: now };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    this.#buckets.set(uid, bucket);
    // A hair below one: two halves of the refill time must add up in floating point too.
    if (bucket.tokens < 1 - 1e-9) return false;
    bucket.tokens -= 1;
    return true;
  }
}
