import { armKey } from '../../azure/names/resource-id.ts';
import { RecentMap } from '../../runtime/recent-map.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { ReReads } from './re-reads.ts';

export interface SuspicionsOptions {
  readonly clock: Clock;
  /** Ends reads and timers. */
  readonly signal: AbortSignal;
  /** How long Azure may show what was before a change, ms. */
  readonly lagMs: number;
  /** A live GET, merged. True if what it showed is news. A rejection is tried again. */
  readonly read: (id: string) => Promise<boolean>;
}

/** The least time between two reads that hints of one id lead to, ms: what comes meanwhile shares the second one. */
export const SPACING_MS = 2000;

/** Of so many ids it is known when they were read: more at a time are lists, not reads. */
const REMEMBERED = 1000;

/**
 * Ids that somebody said have changed. Each is read at once, whoever says so and how often; and once more after Azure's lag where
 * the first read shows nothing new, since Azure may announce a change before all of its servers show it.
 */
export class Suspicions {
  readonly #options: SuspicionsOptions;
  readonly #now: ReReads;
  readonly #later: ReReads;
  /** By key: when the last read began, monotonic ms. */
  readonly #readAt = new RecentMap<number>(REMEMBERED);

  constructor(options: SuspicionsOptions) {
    this.#options = options;
    const { clock, signal } = options;
    this.#now = new ReReads({ clock, signal, read: (id) => this.#readNow(id) });
    this.#later = new ReReads({ clock, signal, read: async (id) => void (await options.read(id)) });
  }

  /** A read of it waits already, which the next hint shares. */
  has(id: string): boolean {
    return this.#now.has(armKey(id));
  }

  /** @param afterMs no sooner than that */
  add(id: string, afterMs = 0): void {
    const key = armKey(id);
    const now = this.#options.clock.monotonic();
    const before = this.#readAt.get(key) ?? Number.NEGATIVE_INFINITY;
    this.#now.add(key, id, Math.max(now + afterMs, before + SPACING_MS));
  }

  drop(key: string): void {
    this.#now.drop(key);
    this.#later.drop(key);
  }

  /** Ends timers and waits for the reads under way, whose signal must have fired. */
  async stop(): Promise<void> {
    await Promise.all([this.#now.stop(), this.#later.stop()]);
  }

  async #readNow(id: string): Promise<void> {
    const { clock, lagMs, read } = this.#options;
    const key = armKey(id);
    this.#readAt.set(key, clock.monotonic());
    const isNews = await read(id);
    // What was to be asked again is asked: of the last hint counts the lag.
    this.#later.drop(key);
    if (!isNews && lagMs > 0) this.#later.add(key, id, clock.monotonic() + lagMs);
  }
}
