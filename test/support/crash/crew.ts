import { setTimeout as realDelay } from 'node:timers/promises';
import { hostArea } from '../../../src/cache/hosts/area.ts';
import type { Operator } from '../../../src/operator/operator.ts';
import { SUBSCRIPTION, type World } from '../testbed.ts';
import type { Process, Recorder } from './disturb.ts';
import type { Snapshot } from './snapshot.ts';
import type { WatchTaps } from './watch-taps.ts';

/** What becomes due within this much time is waited for; longer waits are for something to be mended outside. */
const HORIZON_MS = 120_000;
/** After so many breaths a run that does not come to rest is given up. Not after a time: what is slow under load is not stuck. */
const LIMIT_BREATHS = 20_000;
/** Steps of fake time: while a call may be under way, when one is slow to answer, and when nothing goes on. */
const [BUSY_MS, SLOW_MS, IDLE_MS] = [50, 250, 10_000] as const;
/** While nothing goes on, and nothing is due, for long. */
const FAR_MS = 60_000;
/** A Lease is lost 10 s after its last renewal; larger steps would take it from its holder. */
const LEASED_IDLE_MS = 7_000;
/** Longer than Azure's lists lag, where they do. */
const BEFORE_RESYNC_MS = 30_000;

export interface CrewOptions {
  readonly world: World;
  readonly recorder: Recorder;
  readonly taps: WatchTaps;
  readonly snapshot: Snapshot;
  readonly random: () => number;
  /** What happens between the death of a process and the start of the next. */
  readonly whileDown?: () => Promise<void>;
  /** With a second process that waits for this Lease. */
  readonly leaseName?: string;
  /** Whoever takes over gets a second process again. */
  readonly alwaysTwo?: boolean;
}

interface Member {
  readonly process: Process;
  readonly operator: Operator;
}

/** The operators of one run: replaces the one that was struck, as a Deployment would, and lets time pass. */
export class Crew {
  readonly #options: CrewOptions;
  #leader: Member | undefined;
  #follower: Member | undefined;
  #breaths = 0;
  #joined = 0;
  /** Calls for the Lease under way. */
  #renewing = 0;
  /** From the death of a leader until the one that waited worked, ms of the clock. */
  readonly failovers: number[] = [];

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#leader = await this.#join();
  }

  /** A second process, ready to take over. */
  async addFollower(): Promise<void> {
    this.#follower = await this.#join(true);
  }

  /** In order, or at once. */
  async end(how: 'stopped' | 'killed'): Promise<void> {
    await this.#tend();
    const member = this.#leader;
    this.#leader = undefined;
    if (!member) throw new Error('expected a controller to run, none does');
    await (how === 'killed' ? this.#bury(member) : this.#options.world.stop(member.operator));
  }

  /** Until nothing runs, nothing is due soon, and the watches have told everything. */
  async settle(): Promise<void> {
    const { world } = this.#options;
    let calm = 0;
    await this.#breatheUntil('the controller to settle', async () => {
      if (!this.#leader) return true;
      const due = this.#leader.operator.nextDueMs() ?? Number.POSITIVE_INFINITY;
      if (!world.quiet || !(await this.#caughtUp()) || !world.quiet) {
        calm = 0;
        return false;
      }
      if (due > HORIZON_MS) return ++calm >= 3;
      calm = 0;
      await this.pass(due);
      return false;
    });
  }

  /** Lets this much time pass, everything that falls due on the way being done. */
  async pass(ms: number): Promise<void> {
    const { world } = this.#options;
    const end = world.clock.monotonic() + ms;
    await this.#breatheUntil(`${ms} ms to pass`, async () => {
      const left = end - world.clock.monotonic();
      if (world.quiet) {
        if (left <= 0) return true;
        world.clock.advance(Math.min(this.#idleStep(), left));
      }
      return false;
    });
  }

  #idleStep(): number {
    if (this.#options.leaseName !== undefined) return LEASED_IDLE_MS;
    const due = this.#leader?.operator.nextDueMs() ?? Number.POSITIVE_INFINITY;
    return Math.max(IDLE_MS, Math.min(FAR_MS, due));
  }

  /** The cache's next list, brought forward: waiting 10 min for its timer would cost every plan the same again. */
  async resync(): Promise<void> {
    await this.settle();
    await this.pass(BEFORE_RESYNC_MS);
    this.#leader?.operator.caches?.identities.resyncNow(SUBSCRIPTION);
    this.#leader?.operator.caches?.hosts.resyncNow(
      hostArea(SUBSCRIPTION, 'Microsoft.Compute/virtualMachines'),
    );
    await this.pass(1_000);
    await this.settle();
  }

  async #join(follower = false): Promise<Member> {
    const { world, recorder, taps, random, leaseName } = this.#options;
    const process: Process = { dead: false, leaseCut: false };
    const around = recorder.around(process);
    // Counted as a call, so that time only creeps: a hop would carry the restart past Azure's lag.
    const operator = await world.pace.counted(() =>
      world.start(
        {
          ...around,
          interceptLease: (request, next) => this.#renewal(() => around.interceptLease(request, next)),
          random,
          tapWatch: taps.tap,
          instance: `${leaseName ?? 'azid'}-${++this.#joined}`,
          ...(leaseName !== undefined && { leaseName }),
        },
        { follower },
      ),
    );
    process.works = () => operator.working;
    return { process, operator };
  }

  async #renewal<T>(call: () => Promise<T>): Promise<T> {
    this.#renewing++;
    try {
      return await this.#options.world.pace.counted(call);
    } finally {
      this.#renewing--;
    }
  }

  /** Replaces a process that was struck, or lost its Lease. */
  async #tend(): Promise<void> {
    const { recorder, world } = this.#options;
    const leader = this.#leader;
    if (!leader) return;
    if (leader.process.dead && this.#options.alwaysTwo && this.#follower) {
      const diedAt = world.clock.monotonic();
      const next = this.#follower;
      await this.#bury(leader);
      await world.until('the one that waits to work', () => next.operator.working);
      this.failovers.push(world.clock.monotonic() - diedAt);
      this.#leader = next;
      this.#follower = await this.#join(true);
    } else if (leader.process.dead) {
      await this.#bury(leader);
      await this.#options.whileDown?.();
      this.#leader = await this.#join();
    } else if (this.#follower?.operator.working) {
      recorder.release();
      await world.ended(leader.operator);
      this.#options.snapshot.forget();
      this.#leader = this.#follower;
      // A loaded machine may have lost the Lease before the plan met its point.
      this.#follower = recorder.struck && !this.#options.alwaysTwo ? undefined : await this.#join(true);
    }
  }

  async #bury({ operator }: Member): Promise<void> {
    const { world } = this.#options;
    await world.pace.counted(() => world.kill(operator));
    this.#options.snapshot.forget();
  }

  async #breatheUntil(what: string, condition: () => Promise<boolean>): Promise<void> {
    const { world } = this.#options;
    for (let breath = 0; ; breath++) {
      await this.#tend();
      if (await condition()) return;
      if (breath > LIMIT_BREATHS) throw new Error(`waited ${LIMIT_BREATHS} breaths in vain for ${what}`);
      await realDelay(world.quiet ? 1 : 3);
      if (world.quiet) {
        this.#breaths = 0;
        // Watches bring what they bring in real time; fake time only creeps meanwhile.
        world.clock.advance(this.#options.taps.hiding ? SLOW_MS : 1);
      } else if (this.#renewing > 0) {
        // The API server may take its time under load: a Lease lost to that is no handover that a plan asked for.
        world.clock.advance(1);
      } else world.clock.advance(++this.#breaths > 50 ? SLOW_MS : BUSY_MS);
    }
  }

  /** The stores hold what the API server holds. */
  async #caughtUp(): Promise<boolean> {
    const { snapshot, taps } = this.#options;
    const stores = this.#leader?.operator.stores;
    return stores !== undefined && snapshot.shownBy(stores, taps.frozen);
  }
}
