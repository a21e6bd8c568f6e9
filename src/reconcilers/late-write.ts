import type { Elapsed } from '../runtime/time/elapsed.ts';

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
