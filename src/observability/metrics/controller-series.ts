/** The series of controllers and their queues, with the names and labels of controller-runtime and client-go. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type {
  ControllerMetrics,
  QueueMetrics,
  QueueSnapshot,
  ReconcileResult,
} from '../../runtime/metrics.ts';
import { PRIORITIES } from '../../runtime/outcome.ts';
import { LONG_SECONDS, RECONCILE_SECONDS } from './series.ts';

export const RESULTS: readonly ReconcileResult[] = ['success', 'error', 'requeue', 'requeue_after'];

/** `controller_runtime_*` with controller-runtime's names and labels (docs/kubernetes.md section 10). */
export function controllerSeries(registry: Registry): (controller: string) => ControllerMetrics {
  const registers = [registry];
  const labelNames = ['controller'] as const;
  const counter = (name: string, help: string) =>
    new Counter({ name: `controller_runtime_${name}`, help, registers, labelNames });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `controller_runtime_${name}`, help, registers, labelNames });

  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles ended, by result.',
    registers,
    labelNames: [...labelNames, 'result'],
  });
  const errors = counter('reconcile_errors_total', 'Reconciles that failed or found the object stalled.');
  const terminal = counter('terminal_reconcile_errors_total', 'Reconciles that found no retry would help.');
  const panics = counter('reconcile_panics_total', 'Reconciles that threw something unexpected.');
  const timeouts = counter('reconcile_timeouts_total', 'Reconciles that ran over their time limit.');
  const most = gauge('max_concurrent_reconciles', 'Workers: reconciles that may run at the same time.');
  const active = gauge(
    'active_workers',
    'Reconciles that have a worker now; those that wait for a rate limit have none.',
  );
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long reconciles took, waits for a rate limit included.',
    registers,
    labelNames,
    buckets: [...RECONCILE_SECONDS],
  });

  return (controller) => {
    const labels = { controller };
    for (const series of [errors, terminal, panics, timeouts]) series.inc(labels, 0);
    for (const result of RESULTS) total.inc({ controller, result }, 0);
    for (const series of [most, active]) series.set(labels, 0);
    time.zero(labels);
    return {
      workers: (count) => most.set(labels, count),
      active: (reconciles) => active.set(labels, reconciles),
      finished: (result, ms) => {
        total.inc({ controller, result });
        time.observe(labels, ms / 1_000);
      },
      failed: () => errors.inc(labels),
      terminal: () => terminal.inc(labels),
      panicked: () => panics.inc(labels),
      timedOut: () => timeouts.inc(labels),
    };
  };
}

/**
 * `workqueue_*` with client-go's names and controller-runtime's labels (docs/kubernetes.md section 10), and azid's
 * `azid_queue_age_seconds` (docs/guarantees.md G22). Gauges are read from the queues when someone scrapes.
 */
export function workqueueSeries(registry: Registry): (controller: string) => QueueMetrics {
  const registers = [registry];
  const sources = new Map<string, () => QueueSnapshot>();
  const labelNames = ['name', 'controller'] as const;
  const labelsOf = (controller: string) => ({ name: controller, controller });

  const gauge = (name: string, help: string, seconds: (snapshot: QueueSnapshot) => number) =>
    new Gauge({
      name,
      help,
      registers,
      labelNames,
      collect() {
        for (const [controller, snapshot] of sources) this.set(labelsOf(controller), seconds(snapshot()));
      },
    });
  gauge(
    'workqueue_unfinished_work_seconds',
    'Sum over keys being reconciled of how long each has taken so far, waits for a rate limit included.',
    ({ unfinishedMs }) => unfinishedMs / 1_000,
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'How long the longest running reconcile has taken so far, waits for a rate limit included.',
    ({ longestRunningMs }) => longestRunningMs / 1_000,
  );
  gauge(
    'azid_queue_age_seconds',
    'How long the longest-waiting key that is due has waited for a worker.',
    ({ oldestWaitMs }) => oldestWaitMs / 1_000,
  );
  gauge(
    'azid_reconciles_waiting',
    'Reconciles that wait for a rate limit of Azure; they have no worker meanwhile.',
    ({ waiting }) => waiting,
  );
  new Gauge({
    name: 'workqueue_depth',
    help: 'Keys that are due and wait for a worker, by class.',
    registers,
    labelNames: [...labelNames, 'priority'],
    collect() {
      for (const [controller, snapshot] of sources) {
        const { ready } = snapshot();
        for (const priority of PRIORITIES) this.set({ ...labelsOf(controller), priority }, ready[priority]);
      }
    },
  });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Keys added that were not queued already.',
    registers,
    labelNames,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure.',
    registers,
    labelNames,
  });
  const waits = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'Time from when a key was due to when a worker took it.',
    registers,
    labelNames,
    buckets: [...LONG_SECONDS],
  });
  const work = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'Time from when a worker took a key to its end, waits for a rate limit included.',
    registers,
    labelNames,
    buckets: [...LONG_SECONDS],
  });

  return (controller) => {
    const labels = labelsOf(controller);
    for (const counter of [adds, retries]) counter.inc(labels, 0);
    for (const histogram of [waits, work]) histogram.zero(labels);
    return {
      bind: (source) => void sources.set(controller, () => source.snapshot()),
      added: () => adds.inc(labels),
      retried: () => retries.inc(labels),
      waited: (ms) => waits.observe(labels, ms / 1_000),
      worked: (ms) => work.observe(labels, ms / 1_000),
    };
  };
}
