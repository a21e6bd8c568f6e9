import { RecentMap } from '../recent-map.ts';

/**
 * Time, passed in. Nothing in azid or in its sandbox calls `Date.now`, `performance.now` or `setTimeout` for its own
 * logic: it asks a `Clock`, so a test can move time and two processes can share one.
 */
export interface Clock {
  /** Wall time, ms since the epoch. For timestamps people and other processes read; may step back. */
  now(): number;
  /** Monotonic ms from an arbitrary start. For intervals, deadlines and expiry. */
  monotonic(): number;
  /** Calls `fn` once after `ms` (clamped at 0; longer than 2^31-1 ms is allowed). Disposing cancels. */
  timer(ms: number, fn: () => void): Disposable;
}

/** The longest delay `setTimeout` honours; anything above fires at once (docs/kubernetes.md section 4). */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fn) {
    const due = performance.now() + Math.max(0, ms);
    let handle: NodeJS.Timeout;
    const arm = () => {
      const left = Math.max(0, due - performance.now());
      handle = setTimeout(() => (left > MAX_TIMEOUT_MS ? arm() : fn()), Math.min(left, MAX_TIMEOUT_MS));
    };
    arm();
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. Leaves no timer and no listener. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.timer(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** More events than are ever waited for at once; for one that was forgotten the wall clock is asked once more. */
const CAPACITY = 20_000;

/**
 * How long ago something happened of which only a wall time is left, as a status has it. The wall clock is asked once, when this
 * process first reads the time; from then on the monotonic clock counts. So a wall clock that is set back while the process runs
 * prolongs no wait, and one that is set forward ends none.
 */
export class Elapsed {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** When it happened, monotonic ms, by what it is and its time. */
  readonly #happened = new RecentMap<number>(CAPACITY);

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
  }

  /**
   * @param of   what happened: one name for each thing that has a time
   * @param time as the status has it; what lies ahead happened now
   * @returns ms, never negative
   */
  since(of: string, time: string): number {
    const key = `${of} ${time}`;
    const now = this.#clock.monotonic();
    const known = this.#happened.get(key);
    if (known !== undefined) return now - known;
    const agoMs = Math.max(0, this.#clock.now() - Date.parse(time));
    this.#happened.set(key, now - agoMs);
    return agoMs;
  }
}
