/** A signal that also aborts after a time. */
import type { Clock } from '../runtime/time/clock.ts';

interface TimeLimit extends Disposable {
  /** Aborts with the given signal, or when the time is over. */
  readonly signal: AbortSignal;
  readonly exceeded: boolean;
}

/** `ms` undefined: no limit. */
export function timeLimit(clock: Clock, ms: number | undefined, signal: AbortSignal): TimeLimit {
  const over = new AbortController();
  const timer =
    ms === undefined
      ? undefined
      : clock.timer(ms, () => over.abort(new Error(`not done within ${ms / 1000} s`)));
  return {
    signal: AbortSignal.any([signal, over.signal]),
    get exceeded() {
      return over.signal.aborted;
    },
    [Symbol.dispose]: () => timer?.[Symbol.dispose](),
  };
}
