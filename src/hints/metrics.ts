/** The figures of the hint path: `src/observability/metrics/` makes one, and nothing here imports the Prometheus client. */

/** The state of a source of events. */
export type SourceState =
  /** Another object has the queue, or the object asks for nothing. */
  'idle' | 'connecting' | 'receiving' | 'broken';

export interface SourceSample {
  readonly source: string;
  readonly state: SourceState;
  /** Since the last event of Resource Manager; undefined: none came yet. */
  readonly silentMs: number | undefined;
  /** The Azure subscriptions in use, without those that another source alone brings. */
  readonly subscriptions: readonly SubscriptionSample[];
}

interface SubscriptionSample {
  readonly subscription: string;
  /** Since its last event by this source; undefined: none came yet. */
  readonly silentMs: number | undefined;
}

export interface SourceMetrics {
  /** @param type see `EVENT_TYPES` */
  received(type: string, actionable: boolean): void;
  /** From when it happened until it was received. */
  age(ms: number): void;
  /** It led to nothing. */
  dropped(reason: string): void;
  settled(outcome: 'completed' | 'abandoned' | 'deadLettered' | 'failed'): void;
  deadLettered(reason: string): void;
  clockOff(): void;
}

export interface EventMetrics {
  source(name: string): SourceMetrics;
  /** The object is gone, and with it its series. */
  forget(name: string): void | Promise<void>;
  /** Sets the function from which the state of the sources is read. */
  sources(read: () => Iterable<SourceSample>): void;
}

/** What is counted of the Activity Log; the series are made in `src/observability/metrics/event-series.ts`. */
export interface ActivityLogMetrics {
  /** Records of a provider came. Actionable: they led to a read. */
  received(count: number, labels: { readonly provider: string; readonly actionable: boolean }): void;
  /** From a call in Azure until its record was read. */
  age(seconds: number): void;
  /** A query failed; `reason` as in conditions, `AuthorizationFailed` say. */
  failed(labels: { readonly subscriptionId: string; readonly reason: string }): void;
}

/** The state of the log of one subscription. */
export interface ActivityLogPart {
  readonly subscriptionId: string;
  /** Since the last call that a record reported, by Azure's clock; undefined: none came yet. */
  readonly recordAgeMs: number | undefined;
  /** Since the older of its queries was last answered whole; undefined: one never was. */
  readonly readAgeMs: number | undefined;
}
