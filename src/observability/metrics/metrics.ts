import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CachePart } from '../../cache/definition.ts';
import { PROVIDERS } from '../../hints/activity-log/record.ts';
import type { EventMetrics } from '../../hints/metrics.ts';
import type { RequestSample } from '../../kube/transport/request.ts';
import type { OrphanMetrics } from '../../orphans/report.ts';
import type { SignInMetrics } from '../../reconcilers/sign-ins/poller.ts';
import type { ControllerMetrics, QueueMetrics } from '../../runtime/metrics.ts';
import { type AzureMetrics, type AzureResources, azureSeries } from './azure-series.ts';
import { controllerSeries, workqueueSeries } from './controller-series.ts';
import { type ActivityLogSeries, activityLogSeries, eventSeries } from './event-series.ts';
import { leaderSeries, restClientSeries, type ShardMetrics, shardSeries } from './kube-series.ts';
import { type SeriesDescription, seriesOf } from './series.ts';
import { cacheSeries, orphanSeries, signInSeries } from './state-series.ts';

interface MetricsOptions {
  /** Resource types azid calls, and how, so their series start at zero. */
  readonly azureResources?: AzureResources;
  /** Memory, CPU, handles, garbage collection and event-loop lag of this process. Defaults to true. */
  readonly process?: boolean;
}

/**
 * All series of one azid process, on a registry of its own: two in one process (a test, the sandbox) do not mix. Each
 * module gets one narrow interface, so that none of them imports the Prometheus client.
 */
export class Metrics {
  readonly #registry = new Registry();
  /** For the queue of the controller named. */
  readonly queue: (controller: string) => QueueMetrics;
  readonly controller: (controller: string) => ControllerMetrics;
  /** For the transport to an API server: called once per request. */
  readonly restClient: (host: string) => (sample: RequestSample) => void;
  /** For the elector of a Lease: called on each change. */
  readonly leader: (lease: string) => (leads: boolean) => void;
  readonly azure: AzureMetrics;
  /** Of the Activity Log. */
  readonly activityLog: ActivityLogSeries;
  readonly signIns: SignInMetrics;
  readonly orphans: OrphanMetrics;
  /** Of the shard that this process leads. */
  readonly shards: ShardMetrics;
  /** For the queues of Azure's events. */
  readonly events: EventMetrics;
  /** Sets the function from which the state of the caches of Azure is read. */
  readonly caches: (source: () => Iterable<CachePart>) => void;

  constructor({ azureResources = {}, process = true }: MetricsOptions = {}) {
    if (process) collectDefaultMetrics({ register: this.#registry });
    this.queue = workqueueSeries(this.#registry);
    this.controller = controllerSeries(this.#registry);
    this.restClient = restClientSeries(this.#registry);
    this.leader = leaderSeries(this.#registry);
    this.azure = azureSeries(this.#registry, azureResources);
    this.activityLog = activityLogSeries(this.#registry, PROVIDERS);
    this.signIns = signInSeries(this.#registry);
    this.orphans = orphanSeries(this.#registry);
    this.shards = shardSeries(this.#registry);
    this.events = eventSeries(this.#registry);
    this.caches = cacheSeries(this.#registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** What there is, whether or not it has a value yet. */
  get series(): readonly SeriesDescription[] {
    return seriesOf(this.#registry);
  }

  /** The page `/metrics` shows. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
