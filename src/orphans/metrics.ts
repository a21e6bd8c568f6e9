/** The figures of sweeps: `src/observability/metrics/` makes them, and nothing here knows the Prometheus client. */

/** The state of a sweep, by its status. */
export interface SweepSample {
  readonly sweep: string;
  /** Since its last run began, ms; undefined: none did. */
  readonly ageMs: number | undefined;
  readonly candidates: readonly {
    readonly type: string;
    readonly reason: string;
    readonly verdict: string;
  }[];
}

export interface OrphanMetrics {
  deleted(type: string): void;
  /** Sets the function from which the sweeps are read. */
  sweeps(source: () => Iterable<SweepSample>): void;
}
