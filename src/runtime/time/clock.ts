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
