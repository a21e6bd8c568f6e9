import { armKey } from '../../azure/names/resource-id.ts';
import { RecentMap } from '../../runtime/recent-map.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { ReReads } from './re-reads.ts';

interface SuspicionsOptions {
  readonly clock: Clock;
  /** Ends reads and timers. */
  readonly signal: AbortSignal;
  /** How long Azure may show what was before a change, ms. */
  readonly lagMs: number;
  /** A live GET, merged. True if what it showed is news. A rejection is tried again, a few times. */
  readonly read: (id: string) => Promise<boolean>;
  /** A failure that no repetition helps: azid may not read it, say. */
  readonly isFinal?: (error: unknown) => boolean;
  /** It could not be read: the next list has to show it. */
  readonly onGivenUp?: (id: string, error: unknown) => void;
}

/** The least time between two reads that hints of one id lead to, ms: what comes meanwhile shares the second one. */
export const SPACING_MS = 2000;

/** Of so many ids it is known when they were read: more at a time are lists, not reads. */
const REMEMBERED = 1000;

/** In five minutes, by the waits of `ReReads`. What goes on for longer is for lists, which are never given up. */
const MAX_FAILURES = 7;

/**
 * Ids that a hint reported as changed. Each is read at once, by whichever source and however often it was reported; and once more
 * after Azure's lag where the first read shows nothing new, since Azure may announce a change before all of its
 * servers show it. A hint is no promise: what cannot be read is given up.
 */
export class Suspicions {
  readonly #options: SuspicionsOptions;
  readonly #now: ReReads;
  readonly #later: ReReads;
  /** By key: when the last read began, monotonic ms. */
  readonly #readAt = new RecentMap<number>(REMEMBERED);

  constructor(options: SuspicionsOptions) {
    this.#options = options;
    const { read, lagMs: _, ...common } = options;
    const bounds = { ...common, maxFailures: MAX_FAILURES };
    this.#now = new ReReads({ ...bounds, read: (id) => this.#readNow(id) });
    this.#later = new ReReads({ ...bounds, read: async (id) => void (await read(id)) });
  }

  /** How many wait, or are read. */
  get size(): number {
    return this.#now.size + this.#later.size;
  }

  /** A read of it is so near that the next hint shares it. */
  has(id: string): boolean {
    const dueAt = this.#now.dueAt(armKey(id));
    return dueAt !== undefined && dueAt <= this.#options.clock.monotonic() + SPACING_MS;
  }

  add(id: string): void {
    const key = armKey(id);
    const now = this.#options.clock.monotonic();
    const before = this.#readAt.get(key) ?? Number.NEGATIVE_INFINITY;
    this.#now.add(key, id, Math.max(now, before + SPACING_MS));
  }

  drop(key: string): void {
    this.#now.drop(key);
    this.#later.drop(key);
  }

  dropWhere(isOver: (id: string) => boolean): void {
    this.#now.dropWhere(isOver);
    this.#later.dropWhere(isOver);
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
