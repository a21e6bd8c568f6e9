import { Counter, Gauge, type Registry } from 'prom-client';
import type { OrphanMetrics, SweepSample } from '../../orphans/report.ts';

/** `azid_orphan*`: absent without an OrphanSweep. */
export function orphanSeries(registry: Registry): OrphanMetrics {
  const registers = [registry];
  const deletions = new Counter({
    name: 'azid_orphan_deletions_total',
    help: 'Orphans that this process deleted in Azure, by type.',
    registers,
    labelNames: ['type'],
  });
  let source: () => Iterable<SweepSample> = () => [];
  new Gauge({
    name: 'azid_orphans',
    help: 'Candidates that the statuses of the OrphanSweeps list, the first 1,000 of each.',
    registers,
    labelNames: ['type', 'reason', 'verdict'],
    collect() {
      this.reset();
      for (const { candidates } of source())
        for (const { type, reason, verdict } of candidates) this.inc({ type, reason, verdict });
    },
  });
  new Gauge({
    name: 'azid_orphan_run_age_seconds',
    help: 'Since the last run of an OrphanSweep began; +Inf: none has.',
    registers,
    labelNames: ['sweep'],
    collect() {
      this.reset();
      for (const { sweep, ageMs = Number.POSITIVE_INFINITY } of source()) this.set({ sweep }, ageMs / 1_000);
    },
  });
  return {
    deleted: (type) => deletions.inc({ type }),
    sweeps: (next) => {
      source = next;
    },
  };
}
