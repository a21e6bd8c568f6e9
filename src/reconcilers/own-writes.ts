import { toAzureError } from '../azure/arm/errors.ts';
import type { Clock } from '../runtime/time/clock.ts';
import { AlreadyExists } from './status/failure.ts';

/** A PUT, by the time that its object's status has of it: it is saved there before the call is made. */
interface OwnPut {
  readonly begun: string | undefined;
}

/**
 * What this process knows of its own writes, by uid of the object: which it began, how they ended, and when one last failed.
 * Of writes of other processes it is only known until when they may still take effect (`late-write.ts`). All of it is in memory: a new
 * process waits where this one need not.
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
