import type { Clock } from '../clock.ts';
import { draw, type Random, type Spread } from '../random.ts';

interface Version<T> {
  readonly value: T | undefined;
  readonly writtenAt: number;
  /** Ms after the write at which lists begin to show it. */
  readonly lagMs: number;
}

/** What makes reads stale, read at each write: knobs may change at any time. */
export interface Staleness {
  /** Ms until a list shows a write (docs/azure-facts.md section 5, "reads lag writes"). */
  readonly listLagMs: Spread;
  /** Ms after a creation in which a GET may answer 404 (docs/azure-facts.md section 5). */
  readonly readAfterWriteMs: Spread;
}

/**
 * A map that remembers what it held, for reads that lag. `get` is the truth, `list` is what lists show by now, and
 * `hidden`: whether a GET shall miss a fresh creation. Used for identities, role assignments and credentials.
 */
export class History<T> {
  readonly #versions = new Map<string, Version<T>[]>();
  readonly #hiddenUntil = new Map<string, number>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #staleness: () => Staleness;
  /** Everything written up to this monotonic time is visible without its lag (`settle`). */
  #settledAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random, staleness: () => Staleness) {
    this.#clock = clock;
    this.#random = random;
    this.#staleness = staleness;
  }

  get(key: string): T | undefined {
    return this.#versions.get(key)?.at(-1)?.value;
  }

  set(key: string, value: T): void {
    if (this.get(key) === undefined) {
      const window = draw(this.#staleness().readAfterWriteMs, this.#random);
      if (window > 0) this.#hiddenUntil.set(key, this.#clock.monotonic() + window);
    }
    this.#write(key, value);
  }

  /** True when something was there. */
  delete(key: string): boolean {
    if (this.get(key) === undefined) return false;
    this.#hiddenUntil.delete(key);
    this.#write(key, undefined);
    return true;
  }

  /** A GET in the window after the creation answers 404 although the resource exists. */
  hidden(key: string): boolean {
    const until = this.#hiddenUntil.get(key);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#hiddenUntil.delete(key);
    return false;
  }

  /** The truth, in order of first creation. */
  values(): T[] {
    return [...this.#versions.keys()].map((key) => this.get(key)).filter((value) => value !== undefined);
  }

  /** What a list shows now: of each key the newest version whose lag has passed. */
  list(): T[] {
    const shown: T[] = [];
    for (const [key, versions] of this.#versions) {
      const seen = this.#newestVisible(versions);
      const value = seen === undefined ? undefined : versions[seen]?.value;
      if (value !== undefined) shown.push(value);
      // What lies before the newest visible version can never be shown again.
      if (seen !== undefined && seen > 0) versions.splice(0, seen);
      if (versions.length === 1 && seen !== undefined && value === undefined) this.#versions.delete(key);
    }
    return shown;
  }

  /** Ends all lags and windows now pending: for tests that advance propagation without time. */
  settle(): void {
    this.#settledAt = this.#clock.monotonic();
    this.#hiddenUntil.clear();
  }

  #newestVisible(versions: readonly Version<T>[]): number | undefined {
    const now = this.#clock.monotonic();
    for (let i = versions.length - 1; i >= 0; i--) {
      const version = versions[i];
      if (version && (version.writtenAt + version.lagMs <= now || version.writtenAt <= this.#settledAt))
        return i;
    }
    return undefined;
  }

  #write(key: string, value: T | undefined): void {
    const version = {
      value,
      writtenAt: this.#clock.monotonic(),
      lagMs: draw(this.#staleness().listLagMs, this.#random),
    };
    const versions = this.#versions.get(key);
    if (!versions) {
      this.#versions.set(key, [version]);
      return;
    }
    // Without a list call in between, what can never be shown again would stay for good.
    versions.splice(0, this.#newestVisible(versions) ?? 0);
    versions.push(version);
  }
}
