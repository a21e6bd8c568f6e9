/**
 * Reads the Activity Log of each subscription in use, and passes its records on as hints: who changed an identity, an
 * assignment or a credential, minutes after it happened (docs/design/2026-11-29-activity-log.md). One query that
 * fails stops no other.
 */
import type { ActivityLog } from '../../azure/activity-log.ts';
import { type PollFailure, type PollTiming, poll } from '../../azure/polling.ts';
import type { Log } from '../../runtime/log.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { HintSink } from '../hint.ts';
import type { ActivityLogMetrics, ActivityLogPart } from '../metrics.ts';
import { LogQuery } from './log-query.ts';
import type { Positions } from './positions.ts';
import { PROVIDERS } from './record.ts';

/** Two queries every 5 min are 24 calls an hour and subscription; a record that shows 20 min after the call is read within 25. */
const TIMING: PollTiming = {
  everyMs: 5 * 60_000,
  firstMs: 60_000,
  retryMs: 30_000,
  refusedMs: 60 * 60_000,
};

/** What a caller of the log needs; Reader has it. */
export const READ_RECORDS = 'Microsoft.Insights/eventtypes/values/read';

/** Subscriptions in use, lower-cased. */
interface SubscriptionSource {
  readonly names: Iterable<string>;
  onChange(listener: {
    began(subscriptionId: string): void;
    ended(subscriptionId: string): void;
  }): Disposable;
}

interface ActivityLogPollerOptions {
  readonly activityLog: Pick<ActivityLog, 'pages'>;
  readonly sink: HintSink;
  readonly positions: Positions;
  readonly subscriptions: SubscriptionSource;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: ActivityLogMetrics;
}

interface Reading {
  readonly stop: AbortController;
  readonly queries: readonly Asked[];
  readonly ended: Promise<unknown>;
}

interface Asked {
  readonly query: LogQuery;
  /** When it was last answered whole, monotonic ms. */
  readAt: number | undefined;
  /** Both queries fail for the same reasons, of which one line of the log is enough. */
  state: 'works' | 'fails' | 'refused';
}

export class ActivityLogPoller implements AsyncDisposable {
  readonly #options: ActivityLogPollerOptions;
  readonly #readings = new Map<string, Reading>();
  readonly #stopping = new Set<Promise<unknown>>();
  readonly #loaded: Promise<void>;
  readonly #watching: Disposable;

  /** Begins at once. */
  constructor(options: ActivityLogPollerOptions) {
    this.#options = options;
    const { subscriptions, positions } = options;
    this.#loaded = positions.load();
    this.#watching = subscriptions.onChange({
      began: (subscriptionId) => this.#begin(subscriptionId),
      ended: (subscriptionId) => {
        this.#end(subscriptionId);
        positions.end(subscriptionId);
      },
    });
    for (const subscriptionId of subscriptions.names) this.#begin(subscriptionId);
  }

  /** How the logs of the subscriptions in use stand. */
  parts(): readonly ActivityLogPart[] {
    const { clock } = this.#options;
    return [...this.#readings].map(([subscriptionId, { queries }]) => {
      const records = queries.flatMap(({ query }) => query.lastRecordAt ?? []);
      const reads = queries.flatMap(({ readAt }) => readAt ?? []);
      return {
        subscriptionId,
        recordAgeMs: records.length > 0 ? Math.max(0, clock.now() - Math.max(...records)) : undefined,
        readAgeMs: reads.length === queries.length ? clock.monotonic() - Math.min(...reads) : undefined,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching[Symbol.dispose]();
    for (const subscriptionId of [...this.#readings.keys()]) this.#end(subscriptionId);
    await Promise.all(this.#stopping);
    await this.#options.positions.stop();
  }

  #begin(subscriptionId: string): void {
    const { activityLog, sink, positions, clock, random, log, metrics } = this.#options;
    const common = { activityLog, sink, clock, log, metrics, subscriptionId };
    const queries = PROVIDERS.map((provider): Asked => {
      const position = positions.of(subscriptionId, provider);
      return { query: new LogQuery({ ...common, provider, position }), readAt: undefined, state: 'works' };
    });
    const stop = new AbortController();
    const loops = queries.map(async (each) => {
      await this.#loaded;
      const onRead = () => {
        each.readAt = clock.monotonic();
        this.#worked(subscriptionId, queries, each);
      };
      const read = (signal: AbortSignal) => each.query.read(signal);
      const onFailure = (failure: PollFailure) => this.#failed(subscriptionId, queries, each, failure);
      await poll({ clock, random, timing: TIMING, read, onRead, onFailure }, stop.signal);
    });
    this.#readings.set(subscriptionId, { stop, queries, ended: Promise.all(loops) });
  }

  #end(subscriptionId: string): void {
    const reading = this.#readings.get(subscriptionId);
    if (!reading) return;
    this.#readings.delete(subscriptionId);
    reading.stop.abort(new Error('the Activity Log of the subscription is needed no more'));
    const ended: Promise<unknown> = reading.ended.finally(() => this.#stopping.delete(ended));
    this.#stopping.add(ended);
  }

  #worked(subscriptionId: string, queries: readonly Asked[], asked: Asked): void {
    const failed = asked.state !== 'works';
    asked.state = 'works';
    if (failed && queries.every(({ state }) => state === 'works'))
      this.#options.log.info({ subscription: subscriptionId }, 'the Activity Log is read again');
  }

  #failed(
    subscriptionId: string,
    queries: readonly Asked[],
    asked: Asked,
    { reason, refused, remedy, error }: PollFailure,
  ): void {
    const { log, metrics } = this.#options;
    metrics.failed({ subscriptionId, reason });
    const state = refused ? 'refused' : 'fails';
    const isReported = queries.some((each) => each.state === state);
    asked.state = state;
    if (isReported) return;
    const fields = { subscription: subscriptionId, reason, error };
    if (!refused) log.warn(fields, 'the Activity Log was not read; it is tried again');
    else if (reason !== 'AuthorizationFailed') log.warn({ ...fields, remedy }, REFUSED);
    else log.warn({ ...fields, right: READ_RECORDS, remedy: REMEDY }, REFUSED);
  }
}

const REMEDY =
  'give azid’s identity the role Reader, or the one of deploy/azure/azid-identities-role.json, at the subscription';
const REFUSED =
  'the Activity Log cannot be read: what others change is found by lists alone, federated credentials within 6 h, and nobody is named';
