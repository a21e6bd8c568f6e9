/**
 * Time, passed in: the shape of the product's own clock, so that one fake clock drives both in a test, repeated here
 * since this folder imports nothing of the product.
 */
export interface Clock {
  /** Wall time, ms since the epoch; may step back. */
  now(): number;
  /** Monotonic ms from an arbitrary start. */
  monotonic(): number;
  /** Calls `fn` once after `ms`. Disposing cancels. */
  timer(ms: number, fn: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, fn) {
    const handle = setTimeout(fn, Math.max(0, ms));
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
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
