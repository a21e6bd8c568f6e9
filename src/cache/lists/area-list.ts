import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { classify } from '../../azure/arm/classify.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { SingleFlight } from '../calls/single-flight.ts';
import { type CompletedList, type Completeness, collected, NOT_LISTED, type Page } from './listing.ts';

interface AreaListOptions<T> {
  readonly clock: Clock;
  pages(context: CallContext): AsyncIterable<Page<T>>;
  /**
   * Takes a list in, at once, and answers whether it holds its witnesses: `undefined`, or why not. May ask Azure about
   * those that are missing.
   */
  accept(list: CompletedList<T>, signal: AbortSignal): Promise<string | undefined>;
  /** `undefined` if azid's right to read all of it was confirmed, else what is missing. */
  missingRight(signal: AbortSignal): Promise<string | undefined>;
  readonly onFailure?: ((error: unknown) => void) | undefined;
  /** How far lists may be behind, ms. 0: nothing is concluded from what they lack. */
  readonly lagMs: number;
  /** The list came that a caller was owed: what it does not show was not there when it asked. */
  readonly onSettled?: (() => void) | undefined;
  /** What the lists showed before was not known for all there is; from now on it is. */
  readonly onCompleted?: (() => void) | undefined;
}

/** The list of one area: how to take it, and what came of the last one. A list that fails on any page changes nothing else. */
export class AreaList<T> {
  readonly #options: AreaListOptions<T>;
  readonly #loaded = Promise.withResolvers<void>();
  readonly #ended = new AbortController();
  readonly #flight = new SingleFlight<void>();
  readonly #owed: OwedList;
  #completeness = NOT_LISTED;
  #listedAt: number | undefined;
  #tried = false;
  #gone = false;

  constructor(options: AreaListOptions<T>) {
    this.#options = options;
    this.#owed = new OwedList(options.lagMs);
    this.#loaded.promise.catch(() => {}); // A rejection without a waiter is no fault.
  }

  /** Resolves with the first whole list; rejects if the area ends before it. */
  get loaded(): Promise<void> {
    return this.#loaded.promise;
  }

  /** The first list has neither come nor failed. */
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

  /** A caller wants what is there from now on: see `OwedList`. */
  ask(): void {
    this.#owed.ask(this.#options.clock.monotonic());
  }

  /** When the next list is due that a caller is owed, if any is, monotonic ms. */
  get dueAt(): number | undefined {
    return this.#owed.dueAt;
  }

  /** Until when it may miss what was made before `askedAt`, monotonic ms; undefined: no more. */
  openUntil(askedAt: number): number | undefined {
    return this.#owed.openUntil(askedAt, this.#listedAt);
  }

  /** What holds the area's resources was not there. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Something was found in it, so what holds it is there again, and nothing is known of what it holds. */
  foundAgain(): void {
    this.#gone = false;
    this.#listedAt = undefined;
    this.#completeness = NOT_LISTED;
  }

  /** Lists it once for all who ask at the same time. `shared`: `context` without what is the caller's alone. */
  join(context: CallContext, shared: CallContext, signal: AbortSignal): Promise<void> {
    return this.#flight.join('', context, () => this.list(shared, signal));
  }

  /** Lists it once. Throws as the list does. */
  async list(context: CallContext, signal: AbortSignal): Promise<void> {
    const { clock, pages, accept, missingRight, onFailure, onSettled, onCompleted } = this.#options;
    const isOver = () => signal.aborted || this.#ended.signal.aborted;
    try {
      const list = await collected(pages(context), () => clock.monotonic());
      // The area has no users any more: what came in now would be kept for ever.
      if (isOver()) return;
      // Merged in one go: a reader never sees half a list.
      const accepted = accept(list, signal);
      this.#listedAt = Math.max(list.startedAt, this.#listedAt ?? list.startedAt);
      this.#gone = list.gone ?? false;
      this.#tried = true;
      this.#loaded.resolve();
      if (this.#owed.came(list.startedAt)) onSettled?.();
      const reason = (await accepted) ?? (await missingRight(signal));
      const wasComplete = this.#completeness.state === 'complete';
      this.#completeness =
        reason === undefined ? { state: 'complete', at: list.startedAt } : { state: 'partial', reason };
      if (reason === undefined && !wasComplete) onCompleted?.();
    } catch (error) {
      if (isOver()) throw error;
      this.#tried = true;
      const { message } = classify(error).error;
      this.#completeness = { state: 'partial', reason: `the last list failed: ${message}` };
      onFailure?.(error);
      throw error;
    }
  }

  end(): void {
    this.#ended.abort();
    this.#loaded.reject(new Error('the area went out of use before its first list'));
  }
}

/**
 * A list shows for certain only what was written Azure's lag before it began, so a caller that asks is owed one that begins so much later.
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

  /** When the next one is due, if any caller is owed one. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** A whole list came that began then; true if it is what a caller was owed. */
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
