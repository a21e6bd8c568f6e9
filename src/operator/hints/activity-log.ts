import type { ActivityLog } from '../../azure/activity-log.ts';
import type { AzureCaches } from '../../cache/caches.ts';
import { ActivityLogPoller } from '../../hints/activity-log/poller.ts';
import { Positions } from '../../hints/activity-log/positions.ts';
import type { HintSink } from '../../hints/hint.ts';
import type { KubeClient } from '../../kube/client.ts';
import { shardLeaseName } from '../../kube/lease/shard-lease.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import { ACTIVITY_LOG_CONFIG_MAP } from '../../reconcilers/own-config-maps.ts';
import type { OperatorOptions } from '../options.ts';

interface ActivityLogParts {
  readonly options: OperatorOptions;
  readonly activityLog: ActivityLog;
  readonly caches: AzureCaches;
  readonly sink: HintSink;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

/** Reads the log of each subscription that the caches list, from now until it is disposed. */
export function readActivityLog(parts: ActivityLogParts): AsyncDisposable {
  const { options, activityLog, caches, sink, client, metrics, signal } = parts;
  const { clock, random, log, namespace, shard } = options;
  const positions = new Positions({
    client,
    namespace,
    // Each shard reads for its own caches, as far as it has come.
    name: shard ? shardLeaseName(ACTIVITY_LOG_CONFIG_MAP, shard.name) : ACTIVITY_LOG_CONFIG_MAP,
    clock,
    log,
    signal,
  });
  const poller = new ActivityLogPoller({
    activityLog,
    sink,
    positions,
    subscriptions: caches.subscriptions,
    clock,
    random,
    log,
    metrics: metrics.activityLog,
  });
  metrics.activityLog.parts(() => poller.parts());
  return poller;
}
