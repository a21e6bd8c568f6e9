import type { Clock } from './clock.ts';

/** What else may end the wait. */
type Limits = { readonly signals?: readonly (AbortSignal | undefined)[] } & (
  | { readonly clock: Clock; readonly ms: number }
  | { readonly clock?: never }
);

/**
 * Resolves when `work` ends, a signal aborts or the time is up, whichever is first; rejects only if `work` does. Unlike
 * `Promise.race` with `AbortSignal.any` it leaves no listener on a long-lived signal and no timer behind.
 */
export async function firstOf(work: Promise<unknown>, limits: Limits): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = (limits.signals ?? []).filter((signal) => signal !== undefined);
  const onAbort = () => resolve();
  using _timer = limits.clock?.timer(limits.ms, onAbort);
  for (const signal of signals) {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', onAbort, { once: true });
  }
  try {
    await Promise.race([work, promise]);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', onAbort);
  }
}
