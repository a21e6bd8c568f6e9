/** The areas in use, each listed as a whole now and again: who needs one says so, and whoever counts users does so outside. */
import type { Clock } from '../runtime/clock.ts';
import type { Completeness } from './completeness.ts';
import { type CompletedList, type Listing, ListWatch } from './list-watch.ts';
import { RESYNC, type ResyncOptions } from './resync.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface AreasOptions<T> {
  readonly clock: Clock;
  /** Ends all lists. */
  readonly signal: AbortSignal;
  /** 0 <= random() < 1; default `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly resync?: Partial<ResyncOptions> | undefined;
  /** Takes a whole list in: see `ListWatchOptions.accept`. */
  accept(area: string, list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined>;
}

export class Areas<T> {
  readonly #options: AreasOptions<T>;
  readonly #watched = new Map<string, ListWatch<T>>();
  readonly #stopped = new Set<Promise<void>>();

  constructor(options: AreasOptions<T>) {
    this.#options = options;
  }

  /** Those in use. */
  get names(): readonly string[] {
    return [...this.#watched.keys()];
  }

  has(area: string): boolean {
    return this.#watched.has(area);
  }

  /** Lists start, unless they run already. */
  use(area: string, listing: Listing<T>, onFailure?: (error: unknown) => void): void {
    const { clock, signal, random = Math.random, resync, accept } = this.#options;
    if (signal.aborted || this.#watched.has(area)) return;
    const watch = new ListWatch({
      listing,
      clock,
      random,
      resync: { ...RESYNC, ...resync },
      accept: (list, stop) => accept(area, list, stop),
      onFailure,
    });
    this.#watched.set(area, watch);
  }

  /** Lists end; false if it was not in use. */
  release(area: string): boolean {
    const watch = this.#watched.get(area);
    if (!watch) return false;
    this.#watched.delete(area);
    this.#end(watch);
    return true;
  }

  /** Resolves with the first whole list. */
  async whenLoaded(area: string, what: string, signal?: AbortSignal): Promise<void> {
    const watch = this.#watched.get(area);
    if (!watch) throw new Error(`expected ${what} to be in use, it is not`);
    await unlessAborted(watch.loaded, signal);
  }

  /** The first list is under way: soon much will be known at once. False once it ended or failed. */
  loading(area: string): boolean {
    return this.#watched.get(area)?.loading ?? false;
  }

  inUse(area: string): boolean {
    return this.#watched.has(area);
  }

  /** A whole list has come. */
  listed(area: string): boolean {
    return this.#watched.get(area)?.listedAt !== undefined;
  }

  completeness(area: string, what: string): Completeness {
    const watch = this.#watched.get(area);
    return watch?.completeness ?? { state: 'partial', reason: `the ${what} is not in use` };
  }

  /** Ms since the last whole list began; undefined before the first. */
  age(area: string): number | undefined {
    const listedAt = this.#watched.get(area)?.listedAt;
    return listedAt === undefined ? undefined : this.#options.clock.monotonic() - listedAt;
  }

  resyncNow(area: string): void {
    this.#watched.get(area)?.resyncNow();
  }

  /** Ends all lists and waits for what is under way. */
  async stop(): Promise<void> {
    for (const watch of this.#watched.values()) this.#end(watch);
    await Promise.all(this.#stopped);
  }

  #end(watch: ListWatch<T>): void {
    const ended = watch.stop().finally(() => this.#stopped.delete(ended));
    this.#stopped.add(ended);
  }
}
