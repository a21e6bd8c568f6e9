/** What each series is described by, and the bounds of histograms. */
import type { Registry } from 'prom-client';

/** A series as it is registered: what `docs/reference/metrics.md` lists, and what dashboards and alerts may name. */
export interface SeriesDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  /** As declared, so also those of a series without a value. `le` of a histogram is none of them. */
  readonly labels: readonly string[];
}

/** prom-client keeps the declared labels on its objects, and leaves them out of its types. */
export function seriesOf(registry: Registry): SeriesDescription[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      const { name, help, type, labelNames } = metric as unknown as Registered;
      return { name, help, type, labels: labelNames };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Registered {
  readonly name: string;
  readonly help: string;
  readonly type: SeriesDescription['type'];
  readonly labelNames: readonly string[];
}

/** Waits and whole jobs: to 30 min, since docs/guarantees.md G22 wants at least 20. */
export const LONG_SECONDS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200, 1_800,
];

/** Reconciles: 5 ms to 60 s, as controller-runtime has them. */
export const RECONCILE_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];
