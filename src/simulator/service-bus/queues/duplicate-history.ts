import type { Clock } from '../../clock.ts';

/**
 * Duplicate detection: the ids that came within the window. A message whose id is known is accepted and dropped, so
 * that a sender which repeats itself succeeds. An id counts from when it came first.
 */
export class DuplicateHistory {
  /** When it came, monotonic ms, by id; in the order of arrival. */
  readonly #seen = new Map<string, number>();
  readonly #clock: Clock;
  readonly #windowMs: number;

  constructor(clock: Clock, windowMs: number) {
    this.#clock = clock;
    this.#windowMs = windowMs;
  }

  /** Whether it came before; remembers it if not. */
  isRepeated(messageId: string): boolean {
    const now = this.#clock.monotonic();
    for (const [id, at] of this.#seen) {
      if (at + this.#windowMs > now) break;
      this.#seen.delete(id);
    }
    if (this.#seen.has(messageId)) return true;
    this.#seen.set(messageId, now);
    return false;
  }
}
