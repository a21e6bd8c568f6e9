import type { Clock } from '../../../runtime/time/clock.ts';

/** How the writes of this process ended, by uid of the object; those of other processes nobody here can know. */
export class EndedWrites {
  readonly #clock: Clock;
  /** `writeStartedAt` of the last write that came to an end. */
  readonly #ended = new Map<string, string>();
  readonly #failedAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Succeeded, or was refused: nothing of it is under way. */
  end(uid: string, begun: string | undefined): void {
    if (begun !== undefined) this.#ended.set(uid, begun);
  }

  fail(uid: string): void {
    this.#failedAt.set(uid, this.#clock.monotonic());
  }

  /** Whether the write begun then has ended. */
  knows(uid: string, begun: string): boolean {
    return this.#ended.get(uid) === begun;
  }

  /** Monotonic ms of the last failure; -Infinity for none. */
  failedAt(uid: string): number {
    return this.#failedAt.get(uid) ?? Number.NEGATIVE_INFINITY;
  }

  forget(uid: string): void {
    this.#ended.delete(uid);
    this.#failedAt.delete(uid);
  }
}
