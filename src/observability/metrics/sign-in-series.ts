import { Counter, Gauge, type Registry } from 'prom-client';
import type { SignInMetrics } from '../../reconcilers/sign-ins/poller.ts';

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
