import { classify } from '../azure/classify.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import type { Completeness } from './completeness.ts';
import { type ResyncOptions, resyncAfterMs, retryAfterMs } from './resync.ts';

/** A whole list: every page came. */
export interface CompletedList<T> {
  /** When its first request began, monotonic ms: an absence is as old as this. */
  readonly startedAt: number;
  /** Each with the time at which its own page's request began. */
  readonly found: readonly { readonly thing: T; readonly requestedAt: number }[];
}

export interface Page<T> {
  readonly things: readonly T[];
  /** Monotonic ms at which this page's request began. */
  readonly requestedAt: number;
}

/** What is listed, and what shows that nothing was left out. */
export interface Listing<T> {
  pages(signal: AbortSignal): AsyncIterable<Page<T>>;
  /** `undefined` if azid's right to read all of it was confirmed, else what is missing. */
  missingRight(signal: AbortSignal): Promise<string | undefined>;
}

export interface ListWatchOptions<T> {
  readonly listing: Listing<T>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly resync: ResyncOptions;
  /**
   * Takes a list into the mirror and answers whether it holds its witnesses: `undefined`, or why not. May ask Azure
   * about those that are missing.
   */
  readonly accept: (list: CompletedList<T>, signal: AbortSignal) => Promise<string | undefined>;
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/**
 * Lists one area now, and then every ten minutes, one list at a time. A list that fails on any page changes
 * nothing but the completeness, and is tried again.
 */
export class ListWatch<T> {
  readonly #options: ListWatchOptions<T>;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #completeness: Completeness = { state: 'partial', reason: 'not listed yet' };
  #listedAt: number | undefined;
  #tried = false;
  #wake: (() => void) | undefined;
  #wanted = false;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
    this.#loaded.promise.catch(() => {}); // Nobody has to wait for it.
    this.#ended = this.#run(this.#stopping.signal);
  }

  /** Resolves with the first whole list; rejects if the watch stops before it. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** The first list is under way. */
  get loading(): boolean {
    return !this.#tried;
  }

  get completeness(): Completeness {
    return this.#completeness;
  }

  /** When the last whole list began, monotonic ms. */
  get listedAt(): number | undefined {
    return this.#listedAt;
  }

  /** Lists again at once, or as soon as the present list has ended. */
  resyncNow(): void {
    this.#wanted = true;
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { resync, random } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      this.#wanted = false;
      let waitMs: number;
      try {
        await this.#list(signal);
        failures = 0;
        waitMs = resyncAfterMs(resync, random);
      } catch (error) {
        if (signal.aborted) break;
        this.#tried = true;
        failures += 1;
        const found = classify(error);
        this.#completeness = { state: 'partial', reason: `the last list failed: ${found.error.message}` };
        this.#options.onFailure?.(error);
        waitMs = retryAfterMs(resync, failures, random);
      }
      await this.#pause(waitMs, signal);
    }
    this.#loaded.reject(new Error('the mirror stopped before its first list'));
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { listing, clock, accept } = this.#options;
    const found: { thing: T; requestedAt: number }[] = [];
    let startedAt: number | undefined;
    for await (const { things, requestedAt } of listing.pages(signal)) {
      startedAt ??= requestedAt;
      for (const thing of things) found.push({ thing, requestedAt });
    }
    const at = startedAt ?? clock.monotonic();
    // Merged in one go: a reader never sees half a list.
    const accepted = accept({ startedAt: at, found }, signal);
    this.#listedAt = at;
    this.#tried = true;
    this.#loaded.resolve();
    const missing = await accepted;
    const reason = missing ?? (await listing.missingRight(signal));
    this.#completeness = reason === undefined ? { state: 'complete', at } : { state: 'partial', reason };
  }

  /** Until the time is over, a resync is wanted, or the watch stops. */
  async #pause(waitMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    if (this.#wanted || signal.aborted) wake();
    try {
      await sleep(this.#options.clock, waitMs, woken.signal);
    } catch (error) {
      if (!woken.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#wake = undefined;
    }
  }
}
