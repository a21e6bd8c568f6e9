import { setImmediate as nextTurn, setTimeout as realDelay } from 'node:timers/promises';
import type { Clock } from '../../src/runtime/time/clock.ts';
import type { FakeClock } from '../../src/runtime/time/fake-clock.fixture.ts';

/** The most time that passes in one breath. */
const BREATH_MS = 10_000;
/** Turns of the event loop in which a timer that fell due gets its call on the way. */
const TURNS = 4;
/** So many breaths without a call beginning or ending: work waits for time itself, in a rate-limit scope or for a silent server. */
const STILL_BREATHS = { idleWire: 8, openCalls: 200 };
/**
 * How long sockets get in one breath, in real time: half of it while a call is under way, so that its end is noticed soon;
 * little once so many breaths brought nothing that what was written just before has surely arrived.
 */
const REAL_MS = { usual: 4, call: 2, calm: 1 };
const CALM_BREATHS = 4;
/**
 * How time moves while a call is under way: so much faster than real time, and so much at most in a breath, since breaths of a
 * busy process are long.
 */
const CALL_PACE = 12.5;
const CALL_STEP_MS = 50;

/**
 * Moves a fake clock while real sockets do real work. Time passes fast when nothing is under way and slowly while a
 * call is, so that no time limit of a call that is merely crossing the loopback runs out.
 */
export class Pace {
  readonly clock: FakeClock;
  /** Calls to Azure or Kubernetes under way, counted by the interceptors. */
  inFlight = 0;
  /** Calls begun and ended so far. */
  #moves = 0;
  #movesBefore = 0;
  /** Breaths since the last of them. */
  #still = 0;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** What the simulated Azure goes by: the same time. */
  get azureClock(): Clock {
    return this.clock;
  }

  async counted<T>(call: () => Promise<T>): Promise<T> {
    this.inFlight++;
    this.#moves++;
    try {
      return await call();
    } finally {
      this.inFlight--;
      this.#moves++;
    }
  }

  /** One breath: sockets get a turn, then time moves. */
  async breathe(quiet: boolean): Promise<void> {
    const calm = quiet && this.#still >= CALM_BREATHS;
    const begun = performance.now();
    await realDelay(this.inFlight > 0 ? REAL_MS.call : calm ? REAL_MS.calm : REAL_MS.usual);
    this.#still = this.#moves === this.#movesBefore ? this.#still + 1 : 0;
    this.#movesBefore = this.#moves;
    if (this.inFlight > 0)
      return this.clock.advance(
        this.#still > STILL_BREATHS.openCalls
          ? 250
          : Math.min(CALL_STEP_MS, Math.ceil(CALL_PACE * (performance.now() - begun))),
      );
    if (!quiet && this.#still <= STILL_BREATHS.idleWire) return this.clock.advance(50);
    const end = this.clock.monotonic() + BREATH_MS;
    // Timers that only re-arm themselves (the event loop's, every 500 ms) must not make an idle hour last a minute.
    do {
      const left = end - this.clock.monotonic();
      this.clock.advance(Math.min(left, Math.max(50, this.clock.untilNext() ?? 50)));
      for (let turn = 0; turn < TURNS; turn++) await nextTurn();
    } while (this.inFlight === 0 && this.clock.monotonic() < end);
  }
}
