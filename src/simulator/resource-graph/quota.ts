import type { Clock } from '../clock.ts';

const WINDOW_MS = 5_000;
const QUERIES = 15;

interface Window {
  /** Monotonic ms. */
  readonly begun: number;
  readonly used: number;
}

/** What is left of the quota, for the answer. `refused`: nothing was, and in so many seconds it is whole again. */
interface Taken {
  readonly headers: Record<string, string>;
  readonly refused?: number;
}

/** How many queries a caller may make: 15 in a window of 5 s, as the documentation's example has it. */
export class QueryQuota {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where nobody counts. */
  readonly whole: Taken = { headers: headersOf(QUERIES, WINDOW_MS / 1000) };

  take(caller: string): Taken {
    const now = this.#clock.monotonic();
    const held = this.#windows.get(caller);
    const window = held && now - held.begun < WINDOW_MS ? held : { begun: now, used: 0 };
    const seconds = Math.ceil((window.begun + WINDOW_MS - now) / 1000);
    if (window.used >= QUERIES) return { headers: headersOf(0, seconds), refused: seconds };
    this.#windows.set(caller, { ...window, used: window.used + 1 });
    return { headers: headersOf(QUERIES - window.used - 1, seconds) };
  }
}

function headersOf(left: number, seconds: number): Record<string, string> {
  return {
    'x-ms-user-quota-remaining': String(left),
    'x-ms-user-quota-resets-after': `00:00:${String(seconds).padStart(2, '0')}`,
  };
}
