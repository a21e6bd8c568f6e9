/** How the operator learns of changes that others make in Azure, and of sign-ins: events, the Activity Log, Microsoft Graph. */
import { AUDIT_LOGS, SignInSummaries } from '../azure/graph/graph.ts';
import type { AzureCaches } from '../cache/caches.ts';
import type { ActivityJournal } from '../hints/activity/journal.ts';
import { ActivityLogPoller } from '../hints/activity-log/poller.ts';
import { Positions } from '../hints/activity-log/positions.ts';
import { CacheHints } from '../hints/caches/cache-hints.ts';
import type { HintSink, OwnCalls } from '../hints/hint.ts';
import { EventSources } from '../hints/sources/event-sources.ts';
import { SubscriptionArrivals } from '../hints/subscription-arrivals.ts';
import type { KubeClient } from '../kube/client.ts';
import { shardLeaseName } from '../kube/lease/shard-lease.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import { ACTIVITY_LOG_CONFIG_MAP } from '../reconcilers/own-config-maps.ts';
import type { LastSignIns } from '../reconcilers/sign-ins/last-sign-ins.ts';
import { SignInPoller } from '../reconcilers/sign-ins/poller.ts';
import type { Stores } from '../reconcilers/stores.ts';
import { type ConnectedAzure, graphOf } from './azure/azure.ts';
import type { OperatorOptions } from './options.ts';

interface HintParts {
  readonly options: OperatorOptions;
  readonly azure: Pick<ConnectedAzure, 'activityLog'>;
  readonly caches: AzureCaches;
  readonly ownCalls: OwnCalls;
  readonly arrivals: SubscriptionArrivals;
  readonly journal: ActivityJournal;
  readonly client: KubeClient;
  readonly metrics: Metrics;
  /** Ends reads and lists. */
  readonly signal: AbortSignal;
  /** Whether this process receives for the EventSource of this key. Absent: for all. */
  readonly receivesFor?: ((key: ObjectKey) => boolean) | undefined;
}

interface Heard {
  readonly hints: HintSink;
  readonly eventSources: EventSources;
  /** Into the caches alone. */
  readonly cacheHints: HintSink;
}

/**
 * Receives what others change in Azure, by queues of events and the Activity Log, and passes it on to the caches and the
 * journal. All of it ends with `cleanup`.
 */
export function hearFromAzure(parts: HintParts, cleanup: AsyncDisposableStack): Heard {
  const { options, caches, ownCalls, arrivals, journal, metrics, signal, receivesFor } = parts;
  const { clock, activityLog = true } = options;
  const ofCaches = { ...caches, roles: caches.roles.cache };
  const cacheHints = new CacheHints({ caches: ofCaches, ownCalls, clock, signal });
  cleanup.defer(() => cacheHints.stop());
  const hints: HintSink = {
    take: (hint) => {
      const effect = cacheHints.take(hint);
      // azid knows more of its own calls than Azure's report holds.
      if (effect === 'own') journal.confirm(hint);
      else journal.note(hint);
      return effect;
    },
  };
  const eventSources = cleanup.use(eventSourcesOf(options, metrics, hints, arrivals, receivesFor));
  if (activityLog) cleanup.use(readActivityLog(parts, hints));
  return { hints, eventSources, cacheHints };
}

/** Receives nothing before it follows a store. */
export function eventSourcesOf(
  options: OperatorOptions,
  metrics: Metrics,
  sink: HintSink,
  arrivals = new SubscriptionArrivals({ clock: options.clock, inUse: () => [] }),
  isMine?: HintParts['receivesFor'],
): EventSources {
  const { clock, random, log, cloud, credential, serviceBusEndpoint, tracer } = options;
  return new EventSources({
    access: { credential, endpoint: serviceBusEndpoint, caPem: cloud.caPem },
    suffix: cloud.serviceBusSuffix,
    sink,
    metrics: metrics.events,
    arrivals,
    clock,
    random,
    log,
    tracer,
    isMine,
  });
}

/** Reads the log of each subscription that the caches list, from now until it is disposed. */
function readActivityLog(parts: HintParts, sink: HintSink): AsyncDisposable {
  const { options, azure, caches, client, metrics, signal } = parts;
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
    activityLog: azure.activityLog,
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

/** Asks Microsoft Graph hourly when identities last signed in, from now until it is disposed. */
export function readSignIns(
  options: OperatorOptions,
  metrics: Metrics,
  parts: { readonly signIns: LastSignIns; readonly stores: Stores },
): AsyncDisposable {
  const { clock, random, log } = options;
  const summaries = new SignInSummaries(graphOf(AUDIT_LOGS, options, metrics), clock);
  return new SignInPoller({ ...parts, summaries, clock, random, log, metrics: metrics.signIns });
}
