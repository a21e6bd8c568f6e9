import { setImmediate as nextTurn, setTimeout as realDelay } from 'node:timers/promises';
import type { Clock } from '../../../src/runtime/time/clock.ts';
import type { FakeClock } from '../../../src/runtime/time/fake-clock.fixture.ts';
import { Pace } from '../pace.ts';

/** Calls due within this time of each other go together: no figure here is finer. */
const STEP_MS = 10;
/** The longest step while nothing is due. */
const BREATH_MS = 10_000;
/** Turns of the event loop without a call beginning or ending: whatever could go on has gone on. */
const STILL_TURNS = 4;
/** Real ms in which a call over the loopback is answered, however loaded the machine. */
const STUCK_MS = 60_000;

/** Counts who sleeps on a clock. */
class SleepersClock implements Clock {
  asleep = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  timer(ms: number, fn: () => void): Disposable {
    this.asleep++;
    let armed = true;
    const wake = () => {
      if (armed) this.asleep--;
      armed = false;
    };
    const timer = this.#clock.timer(ms, () => {
      wake();
      fn();
    });
    return {
      [Symbol.dispose]: () => {
        wake();
        timer[Symbol.dispose]();
      },
    };
  }
}

/**
 * Time that stands still while anything works and jumps when everything waits for it. So the seconds counted are those
 * of the simulated latencies, buckets and back-offs alone: a slow machine takes longer to find the same figure. The
 * pace of the tests moves time while calls cross the loopback, and would measure the machine.
 */
export class WorkPace extends Pace {
  readonly #sleepers: SleepersClock;
  #ended = 0;

  constructor(clock: FakeClock) {
    super(clock);
    this.#sleepers = new SleepersClock(clock);
  }

  /** Who sleeps on it is known to wait for time: the simulator's latency. */
  override get azureClock(): Clock {
    return this.#sleepers;
  }

  override async counted<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await super.counted(call);
    } finally {
      this.#ended++;
    }
  }

  override async breathe(quiet: boolean): Promise<void> {
    await this.#standstill();
    const next = this.clock.untilNext() ?? BREATH_MS;
    this.clock.advance(Math.min(BREATH_MS, Math.max(quiet ? 0 : STEP_MS, next)));
  }

  /** Until every call under way waits for time. */
  async #standstill(): Promise<void> {
    const deadline = performance.now() + STUCK_MS;
    for (let turns = 0, seen = -1; turns < STILL_TURNS; turns++) {
      const working = this.inFlight > this.#sleepers.asleep;
      if (working) await realDelay(1);
      else await nextTurn();
      const now = this.inFlight + this.#ended;
      if (working || now !== seen) turns = -1;
      seen = now;
      if (performance.now() > deadline)
        throw new Error(
          `expected each call to be answered within ${STUCK_MS / 1_000} s, ${this.inFlight} are open`,
        );
    }
  }
}
