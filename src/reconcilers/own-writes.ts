import { toAzureError } from '../azure/arm/errors.ts';
import type { Clock } from '../runtime/time/clock.ts';
import type { Elapsed } from '../runtime/time/elapsed.ts';
import { AlreadyExists } from './status/failure.ts';

/**
 * Writes to Azure whose effect a read may not show yet: those of this process, of which it knows how they ended, and those of others,
 * of which only a status says when they began.
 */

/** A PUT, by the time that its object's status has of it: it is saved there before the call is made. */
interface OwnPut {
  readonly begun: string | undefined;
}

/**
 * What this process knows of its own writes, by uid of the object: which it began, how they ended, and when one last failed.
 * All of it is in memory: a new process waits where this one need not.
 */
export class OwnWrites {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Of the last PUT. */
  readonly #begun = new Map<string, string>();
  readonly #ended = new Map<string, string>();
  readonly #failedAt = new Map<string, number>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** @param put undefined: the write takes something away */
  async run<T>(uid: string, put: OwnPut | undefined, call: () => Promise<T>): Promise<T> {
    const begun = put?.begun;
    if (begun !== undefined) this.#begun.set(uid, begun);
    const end = () => {
      if (begun !== undefined) this.#ended.set(uid, begun);
    };
    try {
      const done = await call();
      end();
      if (put) this.#failedAt.delete(uid);
      return done;
    } catch (error) {
      const exists = error instanceof AlreadyExists;
      if (!exists) this.#failedAt.set(uid, this.#clock.monotonic());
      // A refusal is an end as well; a call without an answer may still take effect.
      if (exists || !toAzureError(error).ambiguous) end();
      throw error;
    }
  }

  /** Whether the PUT of that time is this process's own. */
  hasBegun(uid: string, begun: string): boolean {
    return this.#begun.get(uid) === begun;
  }

  /** Whether nothing of the PUT of that time is under way any more: it was taken, or refused. */
  hasEnded(uid: string, begun: string): boolean {
    return this.#ended.get(uid) === begun;
  }

  /** Monotonic ms of the last failure that no PUT has followed; -Infinity for none. What was read before does not explain it. */
  failedAt(uid: string): number {
    return this.#failedAt.get(uid) ?? Number.NEGATIVE_INFINITY;
  }

  forget(uid: string): void {
    for (const known of [this.#begun, this.#ended, this.#failedAt]) known.delete(uid);
  }
}

interface LateWritesOptions {
  readonly elapsed: Pick<Elapsed, 'since'>;
  /** Time limit of a call to Azure: a write that a dead process began has ended by then. */
  readonly callLimitMs: number;
  readonly azureLagMs: number;
}

/**
 * For how long a write that only a status records may still come as a surprise: one window for every kind, counted by
 * the monotonic clock from where this process first meets it.
 */
export class LateWrites {
  readonly #limitMs: number;
  readonly #azureLagMs: number;
  readonly #elapsed: LateWritesOptions['elapsed'];

  constructor({ elapsed, callLimitMs, azureLagMs }: LateWritesOptions) {
    this.#limitMs = callLimitMs + azureLagMs;
    this.#azureLagMs = azureLagMs;
    this.#elapsed = elapsed;
  }

  /**
   * A write that a dead process began may take effect as long as its call could last, and may show only after Azure's lag:
   * until then an absence proves nothing, and no other write is begun.
   *
   * @param begun of the write, as the status has it
   * @returns ms
   */
  openMs(uid: string, begun: string): number {
    return Math.max(0, this.#limitMs - this.#elapsed.since(uid, begun));
  }

  /** For how long yet a read may be older than a write that was done then, ms. */
  lagMs(uid: string, written: string): number {
    return Math.max(0, this.#azureLagMs - this.#elapsed.since(uid, written));
  }
}
