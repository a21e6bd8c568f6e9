/** Waits that end with a signal, a time limit or a call of `resume`; none leaves a timer or a listener behind. */
import { setImmediate as afterEvents } from 'node:timers/promises';
import { type Clock, sleep } from './clock.ts';

/** Settles as `work` does, or rejects with the signal's reason if that fires first. Leaves no listener behind. */
export async function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  work.catch(() => {}); // A caller that gives up must not leave an unhandled rejection.
  signal?.throwIfAborted();
  const given = Promise.withResolvers<never>();
  const onAbort = () => given.reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

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

/** A sleep that may be ended early. One at a time. */
export class Pause {
  readonly #clock: Clock;
  #resume: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until then (monotonic ms), until `resume`, or until the signal aborts. */
  async until(at: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const end = () => early.abort();
    this.#resume = end;
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await sleep(this.#clock, at - this.#clock.monotonic(), early.signal).catch(() => {});
    signal.removeEventListener('abort', end);
    this.#resume = undefined;
  }

  resume(): void {
    this.#resume?.();
  }
}

/** A time limit whose time stands still while it is paused. */
export class TimeLimit implements Disposable {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #leftMs: number;
  #running: { readonly since: number; readonly timer: Disposable } | undefined;

  constructor(clock: Clock, ms: number, onOver: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    this.#onOver = onOver;
    this.resume();
  }

  pause(): void {
    if (!this.#running) return;
    const { since, timer } = this.#running;
    timer[Symbol.dispose]();
    this.#leftMs -= this.#clock.monotonic() - since;
    this.#running = undefined;
  }

  resume(): void {
    if (this.#running) return;
    const timer = this.#clock.timer(Math.max(0, this.#leftMs), this.#onOver);
    this.#running = { since: this.#clock.monotonic(), timer };
  }

  [Symbol.dispose](): void {
    this.pause();
  }
}

let line: Promise<unknown> = Promise.resolve();

/**
 * Resolves in a turn of the event loop that is the caller's alone, in the order of the calls. Reconciles that find nothing to do
 * make no I/O: begun together, the hundreds that all controllers may run at once are one chain of microtasks, and neither
 * probes nor the renewal of the Lease get a turn before its end, which with 2,000 objects was 10 s away.
 */
export function nextTurn(): Promise<unknown> {
  line = line.then(() => afterEvents());
  return line;
}
