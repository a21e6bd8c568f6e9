/** The series of what azid holds of Azure: caches, orphans and sign-ins, read when someone scrapes. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { CachePart } from '../../cache/definition.ts';
import type { OrphanMetrics, SweepSample } from '../../orphans/report.ts';
import type { SignInMetrics } from '../../reconcilers/sign-ins/poller.ts';

/** `azid_mirror_*`, read when someone scrapes; what is no longer in use disappears. */
export function cacheSeries(registry: Registry): (source: () => Iterable<CachePart>) => void {
  let source: () => Iterable<CachePart> = () => [];
  const gauge = (name: string, help: string, read: (part: CachePart) => number) =>
    new Gauge({
      name: `azid_mirror_${name}`,
      help,
      registers: [registry],
      labelNames: ['cache', 'subscription', 'part'],
      collect() {
        this.reset();
        for (const each of source()) {
          const { cache, subscription, part } = each;
          this.set({ cache, subscription, part }, read(each));
        }
      },
    });
  gauge(
    'age_seconds',
    'Age of the last whole list of Azure; of credentials, of the oldest read.',
    ({ ageMs }) => (ageMs ?? Infinity) / 1_000,
  );
  gauge('entries', 'Things of Azure that this cache holds.', ({ entries }) => entries);
  gauge('partial', '1 while this cache may miss things, which stops deletions.', ({ partial }) =>
    partial ? 1 : 0,
  );
  return (next) => {
    source = next;
  };
}

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

/** `azid_sign_ins_*`: absent without `--sign-ins`. */
export function signInSeries(registry: Registry): SignInMetrics {
  const registers = [registry];
  const failures = new Counter({
    name: 'azid_sign_ins_failures_total',
    help: 'Questions about sign-ins that Microsoft Graph did not answer; MissingPermission: AuditLog.Read.All, MissingLicence: Entra ID P1 or P2.',
    registers,
    labelNames: ['reason'],
  });
  let source: (() => number | undefined) | undefined;
  new Gauge({
    name: 'azid_sign_ins_age_seconds',
    help: 'Since the sign-ins of managed identities were last read; +Inf: never. Only with --sign-ins.',
    registers,
    collect() {
      this.reset();
      if (source) this.set((source() ?? Infinity) / 1_000);
      else this.remove();
    },
  });
  return {
    failed: (reason) => failures.inc({ reason }),
    age: (next) => {
      source = next;
    },
  };
}
