import type { EventMetrics, SourceMetrics } from './metrics.ts';

/** Figures that are not read. */

export const noSourceMetrics: SourceMetrics = {
  received: () => {},
  age: () => {},
  dropped: () => {},
  settled: () => {},
  deadLettered: () => {},
  clockOff: () => {},
};

export const noEventMetrics: EventMetrics = {
  source: () => noSourceMetrics,
  forget: () => {},
  sources: () => {},
};
