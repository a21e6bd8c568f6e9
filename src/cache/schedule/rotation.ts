/**
 * Reads resources one after the other, over and over, for what has no bulk list: a full round within the time given, never
 * faster than one call per spacing, which wins where both cannot be had (docs/architecture.md section 2).
 */
import { Pause } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';

interface RotationOptions {
  readonly clock: Clock;
  /** Default 6 h. */
  readonly roundMs?: number | undefined;
  /** The least time between two reads. Default 10 s, 0.1 calls per second; a round is longer beyond 2,160 resources. */
  readonly spacingMs?: number | undefined;
  /** Never runs twice at the same time. A rejection is left to the next round. */
  readonly read: (id: string, signal: AbortSignal) => Promise<unknown>;
}

export class Rotation {
  readonly #options: RotationOptions;
  readonly #roundMs: number;
  readonly #spacingMs: number;
  /** Never read, or to be read again: they come first. */
  readonly #fresh = new Map<string, string>();
  /** The longest unread one first. */
  readonly #read = new Map<string, string>();
  readonly #stopping = new AbortController();
  /** Ends early when what is in the round changes. */
  readonly #pause: Pause;
  #running: Promise<void> | undefined;
  #lastAt: number;

  constructor(options: RotationOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
    this.#roundMs = options.roundMs ?? 6 * 3600_000;
    this.#spacingMs = options.spacingMs ?? 10_000;
    this.#lastAt = options.clock.monotonic();
  }

  get size(): number {
    return this.#fresh.size + this.#read.size;
  }

  /** `key`: what the id is compared by. */
  add(key: string, id: string): void {
    if (this.#stopping.signal.aborted || this.#read.has(key) || this.#fresh.has(key)) return;
    this.#fresh.set(key, id);
    this.#pause.resume();
    this.#running ??= this.#run();
  }

  remove(key: string): void {
    this.#fresh.delete(key);
    this.#read.delete(key);
    this.#pause.resume();
  }

  /** It was read otherwise: its turn comes last. */
  touched(key: string): void {
    const id = this.#fresh.get(key) ?? this.#read.get(key);
    if (id === undefined) return;
    this.#fresh.delete(key);
    this.#read.delete(key);
    this.#read.set(key, id);
  }

  /** What was read of it may not be all: it is next, after those that were never read. */
  again(key: string): void {
    const id = this.#read.get(key);
    if (id === undefined) return;
    this.#read.delete(key);
    this.#fresh.set(key, id);
    this.#pause.resume();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, read } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted && this.size > 0) {
      const dueAt = this.#lastAt + this.#gapMs();
      if (clock.monotonic() < dueAt) {
        await this.#pause.until(dueAt, signal);
        continue; // What is in the round may have changed, and with it the gap.
      }
      const [next] = this.#fresh.size > 0 ? this.#fresh : this.#read;
      if (!next) break;
      this.touched(next[0]);
      this.#lastAt = clock.monotonic();
      // A failure is reported by what failed; here it only waits for its next turn.
      await read(next[1], signal).catch(() => {});
    }
    this.#running = undefined;
  }

  #gapMs(): number {
    return this.#fresh.size > 0
      ? this.#spacingMs
      : Math.max(this.#spacingMs, Math.floor(this.#roundMs / this.size));
  }
}
