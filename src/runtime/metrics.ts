import type { Priority } from './outcome.ts';

/** What the runtime counts. `src/observability/metrics/` turns it into Prometheus series; the runtime imports no client library. */

export type CountByPriority = Readonly<Record<Priority, number>>;

/** A queue at one moment, read when metrics are scraped rather than pushed on each change. */
export interface QueueSnapshot {
  readonly ready: CountByPriority;
  readonly delayed: CountByPriority;
  /** Those that wait for a rate limit included. */
  readonly running: CountByPriority;
  /** Of the running keys, those that wait for a rate limit. */
  readonly waiting: number;
  /** Longest time that any ready key has waited so far, ms; 0 when none waits. */
  readonly oldestWaitMs: number;
  /** Sum over running keys of how long each has run so far, ms. */
  readonly unfinishedMs: number;
  /** How long the longest running key has run, ms. */
  readonly longestRunningMs: number;
}

export interface QueueMetrics {
  /** Called once by the queue: where to read the gauges from. */
  bind(source: { snapshot(): QueueSnapshot }): void;
  /** A key was added that was not yet queued (client-go counts the same way). */
  added(): void;
  retried(): void;
  /** Time from when a key was due to when a worker took it. */
  waited(ms: number): void;
  /** Time from when a worker took a key to when it was done. */
  worked(ms: number): void;
}

/** Values of controller-runtime's `result` label. */
export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ControllerMetrics {
  /** Called once, when the controller starts. */
  workers(most: number): void;
  /** Reconciles that have a worker now: those that wait for a rate limit have none. */
  active(reconciles: number): void;
  finished(result: ReconcileResult, ms: number): void;
  /** A reconcile ended in `retry` or `stalled`, or threw. */
  failed(): void;
  /** A reconcile ended in `stalled`: no retry helps. */
  terminal(): void;
  /** A reconcile threw something unexpected, or returned something that is no outcome. */
  panicked(): void;
  /** A reconcile ran over its time limit. */
  timedOut(): void;
}

export const noQueueMetrics: QueueMetrics = {
  bind: () => {},
  added: () => {},
  retried: () => {},
  waited: () => {},
  worked: () => {},
};

export const noControllerMetrics: ControllerMetrics = {
  workers: () => {},
  active: () => {},
  finished: () => {},
  failed: () => {},
  terminal: () => {},
  panicked: () => {},
  timedOut: () => {},
};
