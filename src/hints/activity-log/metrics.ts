/** What is counted of the Activity Log; the series are made in `src/observability/metrics/activity-log-series.ts`. */
export interface ActivityLogMetrics {
  /** Records of a provider came. Actionable: they led to a read. */
  received(count: number, labels: { readonly provider: string; readonly actionable: boolean }): void;
  /** From a call in Azure until its record was read. */
  age(seconds: number): void;
  /** A query failed; `reason` as in conditions, `AuthorizationFailed` say. */
  failed(labels: { readonly subscriptionId: string; readonly reason: string }): void;
}

/** How the log of one subscription stands. */
export interface ActivityLogPart {
  readonly subscriptionId: string;
  /** Since the last call that a record reported, by Azure's clock; undefined: none came yet. */
  readonly recordAgeMs: number | undefined;
  /** Since the older of its queries was last answered whole; undefined: one never was. */
  readonly readAgeMs: number | undefined;
}
