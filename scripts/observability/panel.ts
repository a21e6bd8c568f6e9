/** A panel of the dashboard as it is written down; `scripts/generate/dashboard.ts` makes Grafana's JSON of it. */

export interface Query {
  /** `$job` and `$controller` are variables of the dashboard. */
  readonly expr: string;
  /** Of each line, with labels in `{{ }}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  readonly about: string;
  /** Grafana's word: `ops`, `s`, `bytes`, `percentunit`, `short`. */
  readonly unit: string;
  /** Lines by default. */
  readonly as?: 'lines' | 'number' | 'table';
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export const one = (expr: string, legend: string): readonly Query[] => [{ expr, legend }];

/** A quantile over what a histogram counted, for each value of the labels. */
export const quantile = (q: number, histogram: string, by: string, matchers = ''): string =>
  `histogram_quantile(${q}, sum by (${by}, le) (rate(${histogram}_bucket{job=~"$job"${matchers}}[$__rate_interval])))`;

export const rateOf = (counter: string, by: string, matchers = ''): string =>
  `sum by (${by}) (rate(${counter}{job=~"$job"${matchers}}[$__rate_interval]))`;
