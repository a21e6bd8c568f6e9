/** `healthz`: restart me if this fails. `readyz`: do not count on me yet. */
export type Probe = 'healthz' | 'readyz';

/** Says what is wrong, or undefined if nothing is. Must be quick and must not wait. */
export type Check = () => string | undefined;

interface CheckResult {
  readonly name: string;
  /** Absent = fine. */
  readonly fault?: string;
}

/**
 * The named checks behind the probes (docs/kubernetes.md section 6). `healthz`: the event loop is alive, no watch is stuck,
 * the lease loop goes round. `readyz`: the caches are synced, which is true for followers as well: a standby that is
 * never ready would hold up every rollout.
 */
export class Health {
  readonly #checks: Readonly<Record<Probe, Map<string, Check>>> = { healthz: new Map(), readyz: new Map() };

  /** Adds a check; disposing removes it. Names are unique within a probe. */
  add(probe: Probe, name: string, check: Check): Disposable {
    const checks = this.#checks[probe];
    if (checks.has(name))
      throw new Error(`Expected the name of a ${probe} check to be new, got \`${name}\` again`);
    checks.set(name, check);
    return { [Symbol.dispose]: () => void checks.delete(name) };
  }

  /**
   * All checks of a probe, in the order they were added. A check that throws is at fault. Nothing to check means not
   * ready: the probe server listens before the caches are there to be asked.
   */
  results(probe: Probe): readonly CheckResult[] {
    if (probe === 'readyz' && this.#checks.readyz.size === 0) {
      return [{ name: 'startup', fault: 'nothing has been started yet' }];
    }
    return [...this.#checks[probe]].map(([name, check]) => {
      const fault = faultOf(check);
      return fault === undefined ? { name } : { name, fault };
    });
  }
}

function faultOf(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
