/** The checks behind the probes, and the one of the event loop. */
import type { Clock } from '../runtime/time/clock.ts';

/** `healthz`: restart me if this fails. `readyz`: do not count on me yet. */
export type Probe = 'healthz' | 'readyz';

/** Says what is wrong, or undefined if nothing is. Must be quick and must not wait. */
type Check = () => string | undefined;

interface CheckResult {
  readonly name: string;
  /** Absent = fine. */
  readonly fault?: string;
}

/**
 * The named checks behind the probes (docs/kubernetes.md section 6). `healthz`: the event loop is alive and no watch is
 * stuck. `readyz`: the caches are synced, which is true for followers as well: a standby that is
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

/** How long a delay is remembered: a probe can only be answered when the block is over. */
const MEMORY_MS = 15_000;

interface EventLoopOptions {
  readonly clock: Clock;
  /** How often it is measured. Defaults to 500 ms. */
  readonly intervalMs?: number;
  /**
   * A delay from here on is a fault. Defaults to 8 s: near the 10 s in which a leader must renew its Lease
   * (docs/kubernetes.md section 5), as a loop that is blocked longer may write after its successor has started.
   */
  readonly limitMs?: number;
}

/** Measures by how much the event loop is late: a timer notes how long after its time it was called. */
export class EventLoop implements Disposable {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #limitMs: number;
  #timer: Disposable | undefined;
  #due = 0;
  /** Delays of the last `MEMORY_MS`, oldest first. */
  #delays: { readonly at: number; readonly ms: number }[] = [];

  constructor({ clock, intervalMs = 500, limitMs = 8_000 }: EventLoopOptions) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#limitMs = limitMs;
    this.#arm();
  }

  /** The worst delay within memory, ms, a block that has just ended included. */
  get delayMs(): number {
    const now = this.#clock.monotonic();
    const late = Math.max(0, now - this.#due);
    const kept = this.#delays.filter(({ at }) => now - at <= MEMORY_MS).map(({ ms }) => ms);
    return Math.max(late, ...kept);
  }

  readonly check: Check = () => {
    const ms = this.delayMs;
    if (ms < this.#limitMs) return undefined;
    return `event loop was blocked for ${(ms / 1_000).toFixed(1)} s; expected less than ${this.#limitMs / 1_000} s`;
  };

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#due = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.#due = this.#clock.monotonic() + this.#intervalMs;
    this.#timer = this.#clock.timer(this.#intervalMs, () => {
      const at = this.#clock.monotonic();
      const kept = this.#delays.filter((delay) => at - delay.at <= MEMORY_MS);
      this.#delays = [...kept, { at, ms: Math.max(0, at - this.#due) }];
      this.#arm();
    });
  }
}
