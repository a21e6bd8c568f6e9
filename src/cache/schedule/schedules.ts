/** When the lists of areas in use are taken: each on a timer of its own, or one after the other in slow rotation. */
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { ReReads } from '../calls/re-reads.ts';
import type { CacheOptions, ListDefinition } from '../definition.ts';
import type { AreaList } from '../lists/area-list.ts';
import type { CachedResource } from '../store/entry.ts';
import { ListLoop, RESYNC, type ResyncOptions } from './list-loop.ts';
import { Rotations } from './rotations.ts';

type Listable = Pick<AreaList<never>, 'list' | 'dueAt'>;

export interface Schedule {
  /** The area has its first user. */
  begin(area: string, list: Listable): void;
  /** Its last user is gone. */
  end(area: string): void;
  /** A list came, for this schedule or for a caller. */
  listed(area: string): void;
  /** A caller is owed a list of the area, which is due at `at`, monotonic ms. */
  owed(area: string, at: number): void;
  /** At once, or as soon as the present list has ended. */
  resyncNow(area: string): void;
  /** Ends all and waits for what is under way. */
  stop(): Promise<void>;
}

interface PeriodicOptions {
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  resyncOf(area: string): ResyncOptions;
}

/** Now, and then every ten minutes: for bulk lists, of which one shows a whole subscription. */
class Periodic implements Schedule {
  readonly #options: PeriodicOptions;
  readonly #loops = new Map<string, ListLoop>();
  readonly #stopping = new Set<Promise<void>>();

  constructor(options: PeriodicOptions) {
    this.#options = options;
  }

  begin(area: string, list: Listable): void {
    const { clock, random, resyncOf } = this.#options;
    this.#loops.set(area, new ListLoop({ list, clock, random, resync: resyncOf(area) }));
  }

  end(area: string): void {
    const loop = this.#loops.get(area);
    if (!loop) return;
    this.#loops.delete(area);
    const stopped: Promise<void> = loop.stop().finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  listed(): void {}

  owed(area: string): void {
    this.#loops.get(area)?.recheck();
  }

  resyncNow(area: string): void {
    this.#loops.get(area)?.resyncNow();
  }

  async stop(): Promise<void> {
    for (const area of [...this.#loops.keys()]) this.end(area);
    await Promise.all(this.#stopping);
  }
}

interface RotatingOptions {
  readonly clock: Clock;
  /** Ends early lists. */
  readonly signal: AbortSignal;
  /** A full round. Default 6 h. */
  readonly roundMs?: number | undefined;
  /** The least time between two lists of a subscription. Default 10 s. */
  readonly spacingMs?: number | undefined;
  subscriptionOf(area: string): string;
  list(area: string, priority: 'resync' | 'event'): Promise<void>;
}

/** In turn, for areas so small that there are thousands of them: the list of one shows the credentials of one identity. */
class Rotating implements Schedule {
  readonly #subscriptionOf: (area: string) => string;
  readonly #rotations: Rotations;
  readonly #early: ReReads;
  /** Those to be listed once more: they are next then, at the pace of the rotation. */
  readonly #repeats: ReReads;

  constructor({ list, subscriptionOf, signal, ...options }: RotatingOptions) {
    this.#subscriptionOf = subscriptionOf;
    this.#rotations = new Rotations({ ...options, read: (area) => list(area, 'resync') });
    this.#early = new ReReads({ clock: options.clock, signal, read: (area) => list(area, 'event') });
    const again = async (area: string) => this.#rotations.again(this.#placeOf(area), area);
    this.#repeats = new ReReads({ clock: options.clock, signal, read: again });
  }

  begin(area: string): void {
    this.#rotations.add(this.#placeOf(area), area);
  }

  end(area: string): void {
    this.#early.drop(area);
    this.#repeats.drop(area);
    this.#rotations.drop(this.#placeOf(area));
  }

  listed(area: string): void {
    if (this.#rotations.has(this.#placeOf(area), area)) this.#rotations.wasRead(this.#placeOf(area), area);
  }

  owed(area: string, at: number): void {
    this.#repeats.add(area, area, at);
  }

  resyncNow(area: string): void {
    this.#early.add(area, area, Number.NEGATIVE_INFINITY);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#rotations.stop(), this.#early.stop(), this.#repeats.stop()]);
  }

  #placeOf(area: string) {
    return { subscription: this.#subscriptionOf(area), area };
  }
}

/** The schedule that a kind of resource asks for. */
export function scheduleOf<T extends CachedResource>(
  definition: ListDefinition<T>,
  { clock, signal, random = Math.random, resync, roundMs }: CacheOptions,
  list: (area: string, context: CallContext) => Promise<void>,
): Schedule {
  if (definition.schedule === 'rotating')
    return new Rotating({
      clock,
      signal,
      roundMs,
      subscriptionOf: (area) => definition.placeOf(area).subscription,
      list: (area, priority) => list(area, { priority, signal }),
    });
  const usual = { ...RESYNC, ...resync, ...definition.resync };
  return new Periodic({
    clock,
    random,
    resyncOf: (area) => ({
      ...usual,
      everyMs: Math.min(usual.everyMs, definition.maxResyncMs?.(area) ?? Infinity),
    }),
  });
}
