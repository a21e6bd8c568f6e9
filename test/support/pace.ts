import { setTimeout as realDelay } from 'node:timers/promises';
import type { FakeClock } from '../../src/runtime/fake-clock.ts';

/**
 * Moves a fake clock while real sockets do real work. Time passes fast when nothing is under way and slowly while a
 * call is, so that no time limit of a call that is merely crossing the loopback runs out.
 */
export class Pace {
  readonly clock: FakeClock;
  /** Calls to Azure or Kubernetes under way, counted by the interceptors. */
  inFlight = 0;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  async counted<T>(call: () => Promise<T>): Promise<T> {
    this.inFlight++;
    try {
      return await call();
    } finally {
      this.inFlight--;
    }
  }

  /** One breath: sockets get a turn, then time moves. */
  async breathe(quiet: boolean): Promise<void> {
    await realDelay(4);
    if (this.inFlight > 0 || !quiet) return this.clock.advance(50);
    this.clock.advance(Math.min(10_000, Math.max(50, this.clock.untilNext() ?? 50)));
  }
}
