import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ActivityLogMetrics, ActivityLogPart } from '../../hints/activity-log/metrics.ts';
import { LONG_SECONDS } from './buckets.ts';

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
