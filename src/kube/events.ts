/** Kubernetes Events (events.k8s.io/v1), best effort: bounded, rate-limited, and never waited for. */

import { type Log, silentLog } from '../runtime/log.ts';
import { RecentMap } from '../runtime/recent-map.ts';
import { type Clock, sleep } from '../runtime/time/clock.ts';
import { type BucketSize, TokenBucket } from '../runtime/token-bucket.ts';
import { type Event, events, microTime } from './builtin.ts';
import type { Draft, KubeClient } from './client.ts';
import { isAlreadyExists, isNotFound, isTransient, KubeError } from './errors.ts';
import {
  type EventRecord,
  eventOf,
  newSeries,
  type Reporter,
  type Series,
  seriesKey,
} from './event-series.ts';

export interface EventRecorderOptions extends Reporter {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Log;
  /** Writes that may wait; more are dropped. Defaults to 1000. */
  readonly queueLimit?: number;
}

/** Alike within this time is one series (client-go `tools/record`). */
const SERIES_MS = 600_000;
/** Of each object: so many at once, then one each five minutes (client-go's spam filter). */
const BUDGET: BucketSize = { capacity: 25, perSecond: 1 / 300 };
/** Series and buckets kept; the oldest go first. */
const CAPACITY = 4096;
const ATTEMPTS = 3;
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;

interface Pending {
  readonly series: Series;
  readonly event: Draft<Event>;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #log: Log;
  readonly #series = new RecentMap<Series>(CAPACITY);
  /** By uid of the object. */
  readonly #budgets = new RecentMap<TokenBucket>(CAPACITY);
  readonly #queue: Pending[] = [];
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  /** Returns at once and never throws; an Event that cannot be written is dropped with a debug log. */
  record(record: EventRecord): void {
    try {
      this.#take(record);
    } catch (error) {
      this.#log.debug({ reason: record.reason, error }, 'event dropped');
    }
  }

  /** Takes no more Events, waits until the queue is empty or `deadlineMs` are over, and drops what is left. */
  async flush(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    using _ = this.#options.clock.timer(deadlineMs, () => this.#stop.abort());
    await this.#writing;
  }

  #take(record: EventRecord): void {
    const { clock, random, queueLimit = 1000 } = this.#options;
    const { regarding, reason } = record;
    const key = seriesKey(record);
    const now = clock.monotonic();
    const known = this.#series.get(key);
    const alike = known && now - known.lastSeen <= SERIES_MS ? known : undefined;
    if (alike) {
      alike.count++;
      alike.lastSeen = now;
      alike.lastObserved = clock.now();
      // The write that waits carries the new count.
      if (alike.queued) return;
    }
    const refusal = this.#refusal(regarding.metadata.uid, queueLimit);
    if (refusal) {
      this.#drop(reason, refusal);
      return;
    }
    const series = alike ?? newSeries(regarding, clock, random);
    series.queued = true;
    this.#series.set(key, series);
    this.#queue.push({ series, event: eventOf(record, series, this.#options) });
    this.#writing ??= this.#drain();
  }

  #refusal(uid: string, queueLimit: number): string | undefined {
    if (this.#stopped) return 'stopped';
    if (this.#queue.length >= queueLimit) return 'queue full';
    const budget = this.#budgets.get(uid) ?? new TokenBucket(BUDGET, this.#options.clock);
    this.#budgets.set(uid, budget);
    if (budget.readyInMs() > 0) return 'too many for one object';
    budget.take();
    return undefined;
  }

  #drop(reason: string, why: string): void {
    this.#log.debug({ reason, why }, 'event dropped');
  }

  async #drain(): Promise<void> {
    // The caller of record() goes on first.
    await Promise.resolve();
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      if (this.#stop.signal.aborted) this.#drop(next.event.reason, 'stopped');
      else await this.#writeOrDrop(next);
    }
    this.#writing = undefined;
  }

  async #writeOrDrop(pending: Pending): Promise<void> {
    const { clock } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#write(pending);
      } catch (error) {
        // 403 and 404 in a namespace that is going away are everyday; nothing else is worth more than a few tries.
        if (attempt === ATTEMPTS || !isTransient(error)) {
          const { reason, status } = error instanceof KubeError ? error : { reason: String(error) };
          this.#log.debug({ event: pending.event.reason, reason, status }, 'event dropped');
          return;
        }
        const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
        const waitMs = Math.min(LONGEST_RETRY_MS, Math.max(asked, RETRY_MS * 2 ** (attempt - 1)));
        await sleep(clock, waitMs, this.#stop.signal).catch(() => {});
      }
    }
  }

  async #write({ series, event }: Pending): Promise<void> {
    const { client } = this.#options;
    const signal = this.#stop.signal;
    // What is recorded from here on needs a write of its own.
    series.queued = false;
    const count = { count: series.count, lastObservedTime: microTime(series.lastObserved) };
    if (series.created)
      try {
        await client.mergePatch(events, `${series.namespace}/${series.name}`, { series: count }, signal);
        return;
      } catch (error) {
        // Events live an hour on the server; a series may outlive its Event.
        if (!isNotFound(error)) throw error;
        series.created = false;
      }
    try {
      await client.create(events, series.count > 1 ? { ...event, series: count } : event, signal);
    } catch (error) {
      // An earlier try got through without its answer.
      if (!isAlreadyExists(error)) throw error;
    }
    series.created = true;
  }
}
