import type { Clock } from '../../runtime/time/clock.ts';

export interface ReReadsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Settles when the GET is done; a rejection is tried again. */
  readonly read: (id: string) => Promise<void>;
}

const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 600_000;

interface ReRead {
  readonly dueAt: number;
  readonly failures: number;
  readonly timer: Disposable;
}

/** Ids that deserve a GET before the next list. Each waits once; the earliest time wins. */
export class ReReads {
  readonly #options: ReReadsOptions;
  readonly #waiting = new Map<string, ReRead>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: ReReadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  /** It waits for its time. */
  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** `key`: what the id is compared by. `at`: monotonic ms; a time that is past means now. */
  add(key: string, id: string, at: number, failures = 0): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const known = this.#waiting.get(key);
    if (known && known.dueAt <= at) return;
    known?.timer[Symbol.dispose]();
    const timer = clock.timer(Math.max(0, at - clock.monotonic()), () => this.#start(key, id, failures));
    this.#waiting.set(key, { dueAt: at, failures, timer });
  }

  drop(key: string): void {
    this.#waiting.get(key)?.timer[Symbol.dispose]();
    this.#waiting.delete(key);
  }

  /** Ends all timers and waits for the reads under way, whose signal must have fired. */
  async stop(): Promise<void> {
    for (const key of [...this.#waiting.keys()]) this.drop(key);
    await Promise.all(this.#running);
  }

  #start(key: string, id: string, failures: number): void {
    this.#waiting.delete(key);
    const { read, clock } = this.#options;
    const running = read(id)
      .catch(() => {
        // Not only logged: it is tried again, more slowly each time, and the next list shows it too.
        const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 20));
        this.add(key, id, clock.monotonic() + waitMs, failures + 1);
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
