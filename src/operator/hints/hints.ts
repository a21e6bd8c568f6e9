import type { AzureCaches } from '../../cache/caches.ts';
import type { ActivityJournal } from '../../hints/activity/journal.ts';
import { SubscriptionArrivals } from '../../hints/arrivals/subscription-arrivals.ts';
import { CacheHints } from '../../hints/caches/cache-hints.ts';
import type { HintSink } from '../../hints/hint.ts';
import type { OwnCalls } from '../../hints/own-calls.ts';
import { EventSources } from '../../hints/sources/event-sources.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Metrics } from '../../observability/metrics/metrics.ts';
import type { ConnectedAzure } from '../azure/azure.ts';
import type { OperatorOptions } from '../options.ts';
import { readActivityLog } from './activity-log.ts';

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
 * By what azid hears of what others change in Azure, queues of events and the Activity Log, and where that goes: into the caches and the
 * journal. All of it ends with `cleanup`.
 */
export function hearFromAzure(parts: HintParts, cleanup: AsyncDisposableStack): Heard {
  const { options, azure, caches, ownCalls, arrivals, journal, client, metrics, signal, receivesFor } = parts;
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
  if (activityLog)
    cleanup.use(
      readActivityLog({
        options,
        activityLog: azure.activityLog,
        caches,
        sink: hints,
        client,
        metrics,
        signal,
      }),
    );
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
