import type { ActivityLog } from '../../azure/activity-log.ts';
import { AzureError, LOCAL_CODES } from '../../azure/arm/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { plain } from '../foreign-texts.ts';
import type { Hint, HintEffect, HintSink } from '../hint.ts';
import type { ActivityLogMetrics } from '../metrics.ts';
import { advanced, halvesOf, OVERLAP_MS, type Range, rangesFrom } from './position.ts';
import { readPage } from './record.ts';

/**
 * So many ends are remembered of one query, since ranges overlap; of a flood the oldest are forgotten. One that is taken twice costs
 * a read that many share.
 */
const REMEMBERED = 10_000;

/** Of an id or an operation in a log line. */
const MAX_LOGGED = 500;

/** Where a query came to, kept over a restart: see `positions.ts`. */
interface QueryPosition {
  get(): number | undefined;
  set(upTo: number): void;
}

interface LogQueryOptions {
  readonly activityLog: Pick<ActivityLog, 'pages'>;
  readonly sink: HintSink;
  readonly position: QueryPosition;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ActivityLogMetrics;
  readonly subscriptionId: string;
  readonly provider: string;
}

/** One of the queries of a subscription: reads what came since the last time, and makes hints of it. */
export class LogQuery {
  readonly #options: LogQueryOptions;
  /** Ends that were taken, by `eventDataId`, and when the call was, by Azure's clock. */
  readonly #known = new Map<string, number>();
  #lastRecordAt: number | undefined;

  constructor(options: LogQueryOptions) {
    this.#options = options;
  }

  /** When the last call was that a record reported, wall ms of Azure's clock. */
  get lastRecordAt(): number | undefined {
    return this.#lastRecordAt;
  }

  /** How many ends are remembered: so that a test sees that they do not grow without end. */
  get remembered(): number {
    return this.#known.size;
  }

  /**
   * Throws only `AzureError`. What a page held before the next one failed has been taken; the position moves by whole
   * ranges alone, so the rest is read the next time.
   */
  async read(signal: AbortSignal): Promise<void> {
    const { clock, position } = this.#options;
    const now = clock.now();
    const ranges = [...rangesFrom(position.get(), now)];
    for (let range = ranges.shift(); range; range = ranges.shift()) {
      try {
        const submittedAt = await this.#readRange(range, signal);
        position.set(advanced(position.get(), range, submittedAt, now));
      } catch (error) {
        const halves = isTooLong(error) ? halvesOf(range) : [];
        // At the next time it would be as long.
        if (halves.length === 0) throw error;
        ranges.unshift(...halves);
      }
    }
    this.#forget(Math.min(position.get() ?? now, now) - OVERLAP_MS);
  }

  async #readRange(range: Range, signal: AbortSignal): Promise<number | undefined> {
    const { activityLog, subscriptionId, provider, position, log, metrics } = this.#options;
    const since = position.get();
    let last: number | undefined;
    // Before resyncs: what happened in Azure is not to wait for what may have.
    const context = { priority: 'event', signal } as const;
    for await (const records of activityLog.pages({ subscriptionId, provider, ...range }, context)) {
      const page = readPage(records, (eventDataId) => this.#known.has(eventDataId), since);
      const read = page.hints.filter((hint) => isActionable(this.#take(hint))).length;
      for (const { eventDataId, at } of page.ends) this.#remember(eventDataId, at);
      const idle = page.hints.length - read + page.passedOver;
      if (page.unreadable > 0)
        log.debug(
          { subscription: subscriptionId, provider, count: page.unreadable },
          'records of the Activity Log that are none were passed over',
        );
      metrics.received(read, { provider, actionable: true });
      metrics.received(idle, { provider, actionable: false });
      if (page.submittedAt !== undefined) last = Math.max(page.submittedAt, last ?? page.submittedAt);
    }
    return last;
  }

  #take(hint: Hint): HintEffect {
    const { sink, clock, log, metrics } = this.#options;
    metrics.age(Math.max(0, clock.now() - hint.at) / 1_000);
    try {
      return sink.take(hint);
    } catch (error) {
      // Else the range would be read again and again, and nothing after it.
      log.error(
        { id: plain(hint.id, MAX_LOGGED), operation: plain(hint.operation, MAX_LOGGED), error },
        'a record of the Activity Log was passed over',
      );
      return 'irrelevant';
    }
  }

  #remember(eventDataId: string, at: number): void {
    this.#known.set(eventDataId, at);
    this.#lastRecordAt = Math.max(at, this.#lastRecordAt ?? at);
    if (this.#known.size <= REMEMBERED) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /** What no range will show again. */
  #forget(before: number): void {
    for (const [eventDataId, at] of this.#known) if (at < before) this.#known.delete(eventDataId);
  }
}

/** It has more records than are read in one piece. */
function isTooLong(error: unknown): boolean {
  return error instanceof AzureError && error.code === LOCAL_CODES.tooMany;
}

function isActionable(effect: HintEffect): boolean {
  return effect === 'read' || effect === 'list';
}
