import type { Clock } from '../../runtime/time/clock.ts';

/**
 * The end of one call: the caller's signal or a time limit, whichever comes first, and which of them it was.
 * Not `AbortSignal.any`: on a long-lived signal Node keeps memory for each derived one (docs/kubernetes.md section 1).
 */
export class Deadline implements Disposable {
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.end();
  #timer: Disposable | undefined;
  #timedOut = false;

  constructor(clock: Clock, ms: number, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    if (parent.aborted) this.#controller.abort();
    else {
      parent.addEventListener('abort', this.#onAbort, { once: true });
      this.restart(ms);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when the time limit ended the call; false while it runs or when the caller did. */
  get timedOut(): boolean {
    return this.#timedOut;
  }

  /** Ends the call at once, for neither reason. */
  end(): void {
    this.#controller.abort();
  }

  /** Counts from now again, with a new limit. */
  restart(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.timer(ms, () => {
      this.#timedOut = true;
      this.#controller.abort();
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#parent.removeEventListener('abort', this.#onAbort);
  }
}
