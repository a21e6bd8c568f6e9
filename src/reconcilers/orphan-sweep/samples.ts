import type { Stores } from '../stores.ts';

/** The sweeps as their statuses show them, for metrics. */
export function sweepSamples({ orphanSweeps }: Pick<Stores, 'orphanSweeps'>, now: number) {
  return orphanSweeps.values().map(({ metadata, status }) => {
    const startedAt = Date.parse(status?.history?.[0]?.startedAt ?? '');
    return {
      sweep: metadata.name,
      ageMs: Number.isNaN(startedAt) ? undefined : Math.max(0, now - startedAt),
      candidates: status?.candidates ?? [],
    };
  });
}
