import { backoffMs, jittered } from '../../runtime/queue/backoff.ts';
import { Pause } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { AreaList } from '../lists/area-list.ts';

/** When an area is listed again. */
export interface ResyncOptions {
  /** Default 10 min. */
  readonly everyMs: number;
  /** Share of `everyMs` by which a wait may be shorter or longer, so that subscriptions do not march in step. */
  readonly jitter: number;
  /** First wait after a failed list; doubles up to `everyMs`. */
  readonly retryMs: number;
}

export const RESYNC: ResyncOptions = { everyMs: 600_000, jitter: 0.1, retryMs: 2000 };

interface ListLoopOptions {
  readonly list: Pick<AreaList<never>, 'list' | 'dueAt'>;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly resync: ResyncOptions;
}

/**
 * Lists one area now, and then every ten minutes, one list at a time; sooner where a caller is owed a list. One that fails is
 * tried again soon.
 */
export class ListLoop {
  readonly #options: ListLoopOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  readonly #pause: Pause;
  #wanted = false;

  constructor(options: ListLoopOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
    this.#ended = this.#run(this.#stopping.signal);
  }

  /** Lists again at once, or as soon as the present list has ended. */
  resyncNow(): void {
    this.#wanted = true;
    this.#pause.resume();
  }

  /** A caller may be owed a list sooner. */
  recheck(): void {
    this.#pause.resume();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { list, resync, random, clock } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      this.#wanted = false;
      let waitMs: number;
      try {
        await list.list({ priority: 'resync', signal }, signal);
        failures = 0;
        waitMs = resyncAfterMs(resync, random);
      } catch {
        // The list reported its failure.
        failures += 1;
        waitMs = retryAfterMs(resync, failures, random);
      }
      const nextAt = clock.monotonic() + waitMs;
      // What is owed is not asked for more often because it fails.
      const dueAt = () => (failures > 0 ? nextAt : Math.min(nextAt, list.dueAt ?? nextAt));
      while (!this.#wanted && !signal.aborted && clock.monotonic() < dueAt())
        await this.#pause.until(dueAt(), signal);
    }
  }
}

/** Ms to the next list after one that succeeded. */
export function resyncAfterMs({ everyMs, jitter }: ResyncOptions, random: () => number): number {
  return Math.round(jittered(everyMs, random, jitter));
}

/** Ms to the next try after `failures` failed ones in a row; half of it is drawn, so that retries spread. */
export function retryAfterMs(
  { everyMs, retryMs }: ResyncOptions,
  failures: number,
  random: () => number,
): number {
  return Math.round(backoffMs(failures, random, { baseMs: retryMs, maxMs: everyMs }));
}
