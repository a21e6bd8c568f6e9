/** The series of what Azure reports: by events, and by its Activity Log. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { UNREADABLE } from '../../hints/events/envelope.ts';
import { EVENT_TYPES } from '../../hints/events/read-message.ts';
import type {
  ActivityLogMetrics,
  ActivityLogPart,
  EventMetrics,
  SourceSample,
  SourceState,
} from '../../hints/metrics.ts';
import { LONG_SECONDS } from './series.ts';

export const STATES: readonly SourceState[] = ['idle', 'connecting', 'receiving', 'broken'];
export const OUTCOMES = ['completed', 'abandoned', 'deadLettered', 'failed'] as const;
/** Event Grid tries for a day, so what comes late may be as late as that. */
const AGE_SECONDS = [...LONG_SECONDS.filter((bound) => bound >= 0.1), 3_600, 21_600, 86_400];

/** `azid_event_*`: the way of an event from a queue to a hint, by EventSource. Names as Karpenter has them for its queue. */
export function eventSeries(registry: Registry): EventMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labels: readonly string[]) =>
    new Counter({ name: `azid_event_${name}_total`, help, registers, labelNames: ['source', ...labels] });
  const received = counter('received', 'Events received, by type; actionable: one led to a read of Azure.', [
    'type',
    'actionable',
  ]);
  const dropped = counter('dropped', 'Events that led to nothing, by reason.', ['reason']);
  const settled = counter('messages_settled', 'Messages settled, by outcome; failed ones come again.', [
    'outcome',
  ]);
  const dead = counter('messages_dead_lettered', 'Messages that can never be understood, by reason.', [
    'reason',
  ]);
  const off = counter(
    'clock_off',
    'Events whose time cannot be right, and messages by whose time the clocks of azid and of Service Bus differ.',
    [],
  );
  const age = new Histogram({
    name: 'azid_event_age_seconds',
    help: 'How long ago an event had happened when it was received.',
    registers,
    labelNames: ['source'],
    buckets: AGE_SECONDS,
  });
  let read: () => Iterable<SourceSample> = () => [];
  gauges(registers, () => read());
  return {
    source(source) {
      // A rate over a series that appears with its first event shows nothing of it.
      for (const type of EVENT_TYPES)
        for (const actionable of ['true', 'false']) received.inc({ source, type, actionable }, 0);
      for (const outcome of OUTCOMES) settled.inc({ source, outcome }, 0);
      for (const reason of UNREADABLE) dead.inc({ source, reason }, 0);
      off.inc({ source }, 0);
      age.zero({ source });
      return {
        received: (type, actionable) => received.inc({ source, type, actionable: String(actionable) }),
        dropped: (reason) => dropped.inc({ source, reason }),
        age: (ms) => age.observe({ source }, ms / 1_000),
        settled: (outcome) => settled.inc({ source, outcome }),
        deadLettered: (reason) => dead.inc({ source, reason }),
        clockOff: () => off.inc({ source }),
      };
    },
    async forget(source) {
      for (const series of [received, dropped, settled, dead, off, age]) await removeAll(series, source);
    },
    sources(next) {
      read = next;
    },
  };
}

/** Read when someone scrapes; an object that is gone disappears. */
function gauges(registers: Registry[], read: () => Iterable<SourceSample>): void {
  new Gauge({
    name: 'azid_event_sources',
    help: 'EventSources; with none azid hears of changes by the Activity Log and by its lists alone.',
    registers,
    collect() {
      this.set([...read()].length);
    },
  });
  new Gauge({
    name: 'azid_event_source_state',
    help: '1 for the state that the queue of a source is in: idle, connecting, receiving or broken.',
    registers,
    labelNames: ['source', 'state'],
    collect() {
      this.reset();
      for (const { source, state } of read())
        for (const each of STATES) this.set({ source, state: each }, each === state ? 1 : 0);
    },
  });
  new Gauge({
    name: 'azid_event_silence_seconds',
    help: 'Since a source last brought an event of Resource Manager; +Inf while none came.',
    registers,
    labelNames: ['source'],
    collect() {
      this.reset();
      for (const { source, silentMs } of read()) this.set({ source }, (silentMs ?? Infinity) / 1_000);
    },
  });
  new Gauge({
    name: 'azid_event_subscription_silence_seconds',
    help: 'Since a source last brought an event of an Azure subscription in use; +Inf while none came, by this source or another.',
    registers,
    labelNames: ['source', 'subscription'],
    collect() {
      this.reset();
      for (const { source, subscriptions } of read())
        for (const { subscription, silentMs } of subscriptions)
          this.set({ source, subscription }, (silentMs ?? Infinity) / 1_000);
    },
  });
}

async function removeAll(series: Counter | Histogram, source: string): Promise<void> {
  const { values } = await series.get();
  for (const { labels } of values) {
    const { le: _, ...own } = labels as Record<string, string>;
    if (own.source === source) series.remove(own);
  }
}

export interface ActivityLogSeries extends ActivityLogMetrics {
  /** Sets the function from which the state of the subscriptions' logs is read. */
  readonly parts: (source: () => Iterable<ActivityLogPart>) => void;
}

/** `azid_activity_log_*`: what came by the Activity Log; ages are read when someone scrapes. */
export function activityLogSeries(registry: Registry, providers: readonly string[]): ActivityLogSeries {
  const registers = [registry];
  const records = new Counter({
    name: 'azid_activity_log_records_total',
    help: 'Records of the Activity Log that came, each once though ranges overlap; actionable: they led to a read.',
    registers,
    labelNames: ['provider', 'actionable'],
  });
  for (const provider of providers)
    for (const actionable of ['true', 'false']) records.inc({ provider, actionable }, 0);
  const failures = new Counter({
    name: 'azid_activity_log_failures_total',
    help: 'Queries of the Activity Log that failed; AuthorizationFailed: azid lacks Microsoft.Insights/eventtypes/values/read; TooManyRecords: half an hour has more pages than azid reads.',
    registers,
    labelNames: ['subscription', 'reason'],
  });
  const age = new Histogram({
    name: 'azid_activity_log_record_age_seconds',
    help: 'From a call in Azure until azid read its record, by the two clocks.',
    registers,
    buckets: [...LONG_SECONDS],
  });
  let source: () => Iterable<ActivityLogPart> = () => [];
  const gauge = (name: string, help: string, read: (part: ActivityLogPart) => number | undefined) =>
    new Gauge({
      name: `azid_activity_log_${name}`,
      help,
      registers,
      labelNames: ['subscription'],
      collect() {
        this.reset();
        for (const part of source()) {
          const value = read(part);
          if (value !== undefined) this.set({ subscription: part.subscriptionId }, value);
        }
      },
    });
  gauge(
    'last_read_age_seconds',
    'Since the Activity Log of the subscription was last read whole; +Inf: never.',
    ({ readAgeMs }) => (readAgeMs ?? Infinity) / 1_000,
  );
  gauge(
    'last_record_age_seconds',
    'Since the last call that a record of the subscription reported; absent before the first.',
    ({ recordAgeMs }) => recordAgeMs && recordAgeMs / 1_000,
  );
  return {
    received: (count, { provider, actionable }) =>
      records.inc({ provider, actionable: String(actionable) }, count),
    age: (seconds) => age.observe(seconds),
    failed: ({ subscriptionId, reason }) => failures.inc({ subscription: subscriptionId, reason }),
    parts: (next) => {
      source = next;
    },
  };
}
