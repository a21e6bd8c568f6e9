import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ControllerMetrics, ReconcileResult } from '../../runtime/metrics.ts';
import { RECONCILE_SECONDS } from './buckets.ts';

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
