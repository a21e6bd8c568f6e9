import type { Cloud } from '../../azure/arm/clouds.ts';
import type { ObservedSource } from '../../hints/sources/event-sources.ts';

export interface SourceFacts extends Partial<ObservedSource> {
  /** Wall ms. */
  readonly now: number;
  readonly cloud: Pick<Cloud, 'name' | 'serviceBusSuffix'>;
}

/** How fresh the time of the last event is in the status: an event costs no write. */
export const REPORTED_EVERY_MS = 5 * 60_000;
/** What waited in the queue while azid was away has come by then. */
export const CATCH_UP_MS = 5 * 60_000;
