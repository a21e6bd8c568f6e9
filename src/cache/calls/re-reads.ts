import type { Clock } from '../../runtime/time/clock.ts';

interface ReReadsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Settles when the GET is done; a rejection is tried again. */
  readonly read: (id: string) => Promise<void>;
  /** After so many failures it is given up, and reported. Default: never. */
  readonly maxFailures?: number;
  /** No more tries: of that kind, or too many. */
  readonly onGivenUp?: (id: string, error: unknown) => void;
  /** A failure that no repetition helps. Default: none. */
  readonly isFinal?: (error: unknown) => boolean;
}

const FIRST_RETRY_MS = 5000;
const MAX_RETRY_MS = 600_000;

interface ReRead {
  readonly id: string;
  readonly dueAt: number;
  readonly failures: number;
  readonly timer: Disposable;
}

/** Ids that deserve a GET before the next list. Each waits once; the earliest time wins. */
export class ReReads {
  readonly #options: ReReadsOptions;
  readonly #waiting = new Map<string, ReRead>();
  /** By key: the last one that began. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #all = new Set<Promise<void>>();

  constructor(options: ReReadsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size + this.#all.size;
  }

  /** When its turn comes, monotonic ms; undefined: it does not wait. */
  dueAt(key: string): number | undefined {
    return this.#waiting.get(key)?.dueAt;
  }

  /** `key`: what the id is compared by. `at`: monotonic ms; a time that is past means now. */
  add(key: string, id: string, at: number, failures = 0): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const known = this.#waiting.get(key);
    if (known && known.dueAt <= at) return;
    known?.timer[Symbol.dispose]();
    const timer = clock.timer(Math.max(0, at - clock.monotonic()), () => this.#start(key, id, failures));
    this.#waiting.set(key, { id, dueAt: at, failures, timer });
  }

  /** One that is under way is not tried again. */
  drop(key: string): void {
    this.#waiting.get(key)?.timer[Symbol.dispose]();
    this.#waiting.delete(key);
    this.#running.delete(key);
  }

  /** Those whose id it is true of. */
  dropWhere(isOver: (id: string) => boolean): void {
    for (const [key, { id }] of this.#waiting) if (isOver(id)) this.drop(key);
  }

  /** Ends all timers and waits for the reads under way, whose signal must have fired. */
  async stop(): Promise<void> {
    for (const key of [...this.#waiting.keys()]) this.drop(key);
    await Promise.all(this.#all);
  }

  #start(key: string, id: string, failures: number): void {
    this.#waiting.delete(key);
    const running = this.#options
      .read(id)
      .catch((error: unknown) => {
        if (this.#running.get(key) === running) this.#failed(key, id, failures + 1, error);
      })
      .finally(() => {
        this.#all.delete(running);
        if (this.#running.get(key) === running) this.#running.delete(key);
      });
    this.#all.add(running);
    this.#running.set(key, running);
  }

  /** Not only logged: it is tried again, more slowly each time, and the next list shows it too. */
  #failed(key: string, id: string, failures: number, error: unknown): void {
    const { clock, maxFailures = Number.POSITIVE_INFINITY, isFinal, onGivenUp } = this.#options;
    if (failures >= maxFailures || isFinal?.(error)) {
      onGivenUp?.(id, error);
      return;
    }
    const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
    this.add(key, id, clock.monotonic() + waitMs, failures);
  }
}
