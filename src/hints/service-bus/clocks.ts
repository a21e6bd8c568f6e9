import type { Clock } from '../../runtime/time/clock.ts';

/** What messages show of the clocks of azid, of the broker, and of the services that made the events. */
export type ClockState =
  | { readonly verdict: 'agree' }
  /** By so many minutes the broker's clock is ahead of azid's, or behind it. Which of the two is off cannot be known from here. */
  | { readonly verdict: 'brokerAhead' | 'brokerBehind'; readonly minutes: number }
  /** Events say that they happened well after they reached the queue, or more than a day before. */
  | { readonly verdict: 'eventsOff' };

const MINUTE_MS = 60_000;
/** Clocks that are set by NTP differ by less than a second; tokens bear five minutes. */
const CLOCK_LIMIT_MS = 5 * MINUTE_MS;
/** One event of a wrong time between others is a sender's mistake. */
const MIXED_MS = 5 * MINUTE_MS;
/** A call that waited so long found the queue empty: what it brings reached the queue meanwhile. */
export const WAITED_MS = 1_000;

export interface MessageTimes {
  /** When it reached the queue, by the broker's clock, wall ms. */
  readonly enqueuedAt: number | undefined;
  /** How long the call that brought it waited in an empty queue, ms; undefined: it may have lain there before. */
  readonly waitedMs: number | undefined;
  /** The time of one of its events cannot be right. */
  readonly eventsOff: boolean;
}

/** By how much the broker's clock is ahead of azid's, ms; below 0: behind. Undefined: the message does not show it. */
export function aheadBy({ enqueuedAt, waitedMs }: MessageTimes, now: number): number | undefined {
  if (enqueuedAt === undefined) return undefined;
  const ahead = enqueuedAt - now;
  // That a message is old may mean that it lay there; that it comes from the future means one thing only.
  if (ahead > CLOCK_LIMIT_MS) return ahead;
  return waitedMs === undefined ? undefined : Math.min(ahead + waitedMs, 0);
}

/** What is known of the clocks, from one message after the other. */
export class ClockHistory {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #onChange: (soon: boolean) => void;
  #state: ClockState | undefined;
  #eventsOffAt = Number.NEGATIVE_INFINITY;

  /** @param onChange the state is another now */
  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, onChange: (soon: boolean) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** Undefined: nothing showed it yet. */
  get state(): ClockState | undefined {
    return this.#state;
  }

  /** By how many minutes the message shows azid's clock and the broker's to differ, if by too many. */
  came(times: MessageTimes): number | undefined {
    const ahead = aheadBy(times, this.#clock.now());
    if (times.eventsOff) this.#eventsOffAt = this.#clock.monotonic();
    if (ahead !== undefined && Math.abs(ahead) > CLOCK_LIMIT_MS) {
      const minutes = Math.round(Math.abs(ahead) / MINUTE_MS);
      this.#set({ verdict: ahead > 0 ? 'brokerAhead' : 'brokerBehind', minutes });
      return minutes;
    }
    const differ = this.#state?.verdict === 'brokerAhead' || this.#state?.verdict === 'brokerBehind';
    // Of the two clocks only a message that did not lie there shows that they agree again.
    if (differ && ahead === undefined) return undefined;
    if (times.eventsOff) this.#set({ verdict: 'eventsOff' });
    else if (ahead !== undefined && this.#clock.monotonic() - this.#eventsOffAt >= MIXED_MS)
      this.#set({ verdict: 'agree' });
    return undefined;
  }

  #set(next: ClockState): void {
    const before = this.#state;
    if (before?.verdict === next.verdict && !isFurther(before, next)) return;
    this.#state = next;
    // That all is well is news to a status that says otherwise, and there it may wait.
    this.#onChange(next.verdict !== 'agree');
  }
}

/** A status is not written anew for every minute. */
function isFurther(before: ClockState, next: ClockState): boolean {
  if (!('minutes' in before) || !('minutes' in next)) return false;
  return Math.abs(next.minutes - before.minutes) > Math.max(5, before.minutes / 2);
}
