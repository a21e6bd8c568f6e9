/**
 * A list shows for certain only what was written Azure's lag before it began, so whoever asks is owed one that begins so much later.
 * All who ask within a quarter of the lag share it; the next one is not due before all who asked meanwhile can have it together.
 * All times are monotonic ms.
 */
export class OwedList {
  readonly #lagMs: number;
  #dueAt: number | undefined;
  /** Of those who asked too late for the one that is due. */
  #laterAt = Number.NEGATIVE_INFINITY;

  /** @param lagMs 0: a list shows everything at once, so the next one is what is owed */
  constructor(lagMs: number) {
    this.#lagMs = lagMs;
  }

  ask(now: number): void {
    const wantedAt = now + this.#lagMs;
    if (this.#dueAt === undefined) this.#dueAt = wantedAt + this.#lagMs / 4;
    else if (wantedAt > this.#dueAt) this.#laterAt = Math.max(this.#laterAt, wantedAt);
  }

  /** When the next one is due, if anybody is owed one. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** A whole list came that began then; true if it is what somebody was owed. */
  came(startedAt: number): boolean {
    if (this.#dueAt === undefined || startedAt < this.#dueAt) return false;
    this.#dueAt = this.#laterAt > startedAt ? this.#laterAt : undefined;
    this.#laterAt = Number.NEGATIVE_INFINITY;
    return true;
  }

  /**
   * Until when what was made before `askedAt` may be missing; undefined: no more. A time that is past means that the list is late.
   *
   * @param listedAt when the last whole list began
   */
  openUntil(askedAt: number, listedAt: number | undefined): number | undefined {
    const wantedAt = askedAt + this.#lagMs;
    if (listedAt !== undefined && listedAt >= wantedAt) return undefined;
    return Math.max(wantedAt, this.#dueAt ?? wantedAt);
  }
}
