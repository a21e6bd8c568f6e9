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
