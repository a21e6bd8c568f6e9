/** Leader election on a Lease, with client-go's times and its rule that only locally observed change counts. */

import { type Log, silentLog } from '../../runtime/log.ts';
import { Pause } from '../../runtime/time/bounded-waits.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Lease } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isAlreadyExists, isConflict, KubeError } from '../errors.ts';
import { followLease, LeaseClient } from './lease-client.ts';
import {
  abandonedSpec,
  heldBy,
  JITTER,
  LEASE_TIMES,
  type LeaseTimes,
  ObservedLease,
  releasedSpec,
  wrongTimes,
} from './lease-record.ts';
import { RunningOut, type Trouble, WaitingReport } from './standby.ts';

export interface LeaderElectorOptions extends Partial<LeaseTimes> {
  /** On a transport of its own: a busy queue must not delay a renewal (kueue #15537). */
  readonly client: KubeClient;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process, also across restarts: pod name and a random part. */
  readonly identity: string;
  /** Whether a process that held the Lease is known to be dead, so that no candidate has to wait for it. Defaults to no. */
  readonly isDead?: (holder: string) => boolean;
  /** A follower watches the Lease. Defaults to true. */
  readonly watch?: boolean;
  /** Silence that ends that watch. Defaults to a minute. */
  readonly watchIdleMs?: number;
  /** What its Lease says besides, as of each renewal. */
  readonly annotations?: () => Readonly<Record<string, string>>;
  /** Start leader work. Called once. */
  readonly onStarted: () => void;
  /** Stop at once and exit; another one may lead already. Not called after a release. */
  readonly onLost: (why: string) => void;
  /**
   * The leader has fallen silent and given up, by its own deadline; its Lease is about to run out. `over` aborts when that proves wrong, or
   * another one was quicker; if it has not when this process leads, no other process has led in between.
   */
  readonly onRunningOut?: (over: AbortSignal) => void;
  readonly log?: Log;
}

const WATCH_IDLE_MS = 60_000;
const RELEASE_TIMEOUT_MS = 5_000;

type Leadership =
  | { readonly type: 'follower' }
  /**
   * `renewedAt`: monotonic ms, taken before the request was sent, so that it is never later than the server's own time of it. `renewedWall`: the same
   * by the wall clock, which goes on while a machine is suspended; the monotonic one does not.
   */
  | { readonly type: 'leader'; readonly renewedAt: number; readonly renewedWall: number }
  | { readonly type: 'ended' };

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #times: LeaseTimes;
  readonly #log: Log;
  readonly #lease: LeaseClient;
  readonly #observed = new ObservedLease();
  readonly #runningOut: RunningOut;
  readonly #waiting: WaitingReport;
  readonly #pause: Pause;
  #state: Leadership = { type: 'follower' };
  /** Why the last try failed; undefined after one that showed who leads. */
  #trouble: Trouble | undefined;
  /** Version of the Lease when it was read without a holder, before this process asked for it. */
  #freeAt: string | undefined;
  #nobodyBetween = false;
  /** How it ends: given back, or left to run out in a second. */
  #ending: 'release' | 'abandon' = 'release';

  constructor(options: LeaderElectorOptions) {
    const { client, namespace, name, identity, clock } = options;
    if (!identity) throw new Error('Expected the identity of the elector to be set, got ""');
    this.#options = options;
    const { leaseDurationMs, renewDeadlineMs, retryMs } = { ...LEASE_TIMES, ...options };
    this.#times = { leaseDurationMs, renewDeadlineMs, retryMs };
    const wrong = wrongTimes(this.#times);
    if (wrong !== undefined) throw new Error(wrong);
    this.#log = options.log ?? silentLog;
    this.#lease = new LeaseClient(client, options);
    this.#runningOut = new RunningOut(this.#observed, (over) => options.onRunningOut?.(over));
    this.#waiting = new WaitingReport({ identity, lease: `${namespace}/${name}`, log: this.#log });
    this.#pause = new Pause(clock);
  }

  /**
   * Ask right before each write to Azure. False as soon as the renew deadline has passed on the local clock, also
   * when a stalled event loop has kept the elector itself from noticing, or the machine was suspended.
   */
  isLeaderNow(): boolean {
    const state = this.#state;
    if (state.type !== 'leader' || this.#leftMs(state.renewedAt) <= 0) return false;
    // A wall clock that was set forward has the same effect: until the next renewal nothing is written.
    return this.#options.clock.now() < state.renewedWall + this.#times.renewDeadlineMs;
  }

  /** Who holds the Lease as last read; '' for none. */
  get holder(): string {
    return this.#observed.holder;
  }

  /**
   * Whether the last leader has given the Lease back, as it does when nothing of it works any more, or is known to be dead. False for a
   * Lease that ran out, whose holder may be at work, and for one that is not there, which proves nothing of any process.
   */
  async isFree(signal: AbortSignal): Promise<boolean> {
    const lease = await this.#lease.read(this.#times.renewDeadlineMs, signal);
    const holder = lease?.spec?.holderIdentity;
    this.#freeAt =
      holder === '' || (holder !== undefined && this.#isDead(holder))
        ? lease?.metadata.resourceVersion
        : undefined;
    return this.#freeAt !== undefined;
  }

  /** From when `isFree` saw the Lease free until this process took it no other had it. */
  get nobodyBetween(): boolean {
    return this.#nobodyBetween;
  }

  /**
   * Waits for leadership, keeps it, and resolves when it is lost or, once `signal` aborts, after the Lease was
   * released. Abort only when the workers have stopped: from then on another process may lead.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#state.type !== 'follower')
      throw new Error('Expected run() to be called once, got a second call');
    await this.#acquire(signal);
    if (!signal.aborted) {
      this.#log.info({ identity: this.#options.identity }, 'became leader');
      this.#options.onStarted();
      const why = await this.#keep(signal);
      if (why !== undefined) {
        this.#state = { type: 'ended' };
        this.#log.error({ identity: this.#options.identity, why }, 'lost the lease');
        this.#options.onLost(why);
        return;
      }
    }
    await this.#leave();
  }

  /**
   * For a process that is ended by a failure: what it began may still be carried out, so the Lease is not given back when `run` ends, but
   * left to run out within a second. Its next holder must not take it for one that ended in order.
   */
  abandon(): void {
    this.#ending = 'abandon';
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const following = this.#options.watch === false ? undefined : this.#follow(stop.signal);
    try {
      while (!signal.aborted) {
        await this.#tryOnce(this.#times.renewDeadlineMs, signal);
        if (this.isLeaderNow()) return;
        if (signal.aborted) return;
        this.#waiting.report(this.holder, this.#trouble);
        await this.#waitToTry(signal);
      }
    } finally {
      stop.abort();
      await following;
      this.#runningOut.close(this.isLeaderNow());
    }
  }

  #follow(signal: AbortSignal): Promise<void> {
    const { clock, watchIdleMs = WATCH_IDLE_MS } = this.#options;
    const onChange = (lease: Lease) => {
      if (this.#state.type !== 'follower') return;
      this.#observed.observeNews(lease, clock.monotonic(), this.#times.leaseDurationMs);
      this.#runningOut.check();
      this.#pause.resume();
    };
    return followLease({ lease: this.#lease, clock, log: this.#log, idleMs: watchIdleMs, onChange }, signal);
  }

  /** Until the Lease may be had, as last read; until its holder has given up; or for the usual wait between two tries. */
  async #waitToTry(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const triedAt = clock.monotonic();
    const tried = this.#observed.version;
    const pollAt = triedAt + this.#times.retryMs * (1 + JITTER * random());
    while (!signal.aborted) {
      const { holder, expiresAt, silentAt = expiresAt, version } = this.#observed;
      if (holder === '' && version !== tried) return;
      const moments = holder === '' ? [] : [expiresAt, silentAt].filter((at) => at > triedAt);
      const at = Math.min(pollAt, ...moments);
      if (clock.monotonic() >= at) return;
      await this.#pause.until(at, signal);
    }
  }

  /** Until the signal aborts (undefined) or leadership is lost (why). */
  async #keep(signal: AbortSignal): Promise<string | undefined> {
    const { renewDeadlineMs, retryMs } = this.#times;
    while (!signal.aborted) {
      if (this.#state.type !== 'leader')
        return this.holder ? `the lease is held by "${this.holder}"` : 'the lease was found free';
      const leftMs = this.#leftMs(this.#state.renewedAt);
      if (leftMs <= 0) return `no renewal succeeded within ${renewDeadlineMs} ms`;
      await this.#pause.until(this.#options.clock.monotonic() + Math.min(retryMs, leftMs), signal);
      if (signal.aborted) return undefined;
      // Again after the sleep: a renewal begun after the deadline could succeed, but the work between was not covered.
      const stillMs = this.#leftMs(this.#state.renewedAt);
      if (stillMs > 0) await this.#tryOnce(stillMs, signal);
    }
    return undefined;
  }

  #leftMs(renewedAt: number): number {
    return renewedAt + this.#times.renewDeadlineMs - this.#options.clock.monotonic();
  }

  /** One try to take or keep the Lease within `timeoutMs`; what came of it is the new state. */
  async #tryOnce(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.#options;
    const [startedAt, startedWall] = [clock.monotonic(), clock.now()];
    try {
      const lease = await this.#takeOrRenew(startedAt, timeoutMs, signal);
      this.#trouble = undefined;
      if (lease) {
        this.#observed.observe(lease, clock.monotonic(), this.#times.leaseDurationMs);
        this.#state = { type: 'leader', renewedAt: startedAt, renewedWall: startedWall };
      } else if (this.#state.type === 'leader') this.#state = { type: 'follower' };
      else this.#runningOut.begin(identity, clock.monotonic());
    } catch (error) {
      // A leader's Lease was changed by another client, or by an own write whose answer got lost: read at the next try.
      if (isConflict(error) && this.#state.type === 'leader') this.#observed.forget();
      const { reason, status } =
        error instanceof KubeError ? error : { reason: String(error), status: undefined };
      // Another candidate was quicker: the next try shows which.
      this.#trouble = isConflict(error) || isAlreadyExists(error) ? undefined : { reason, status };
      this.#log.debug({ identity, reason, status }, 'lease not renewed');
    }
  }

  /** The Lease as written; undefined when another one holds it. */
  async #takeOrRenew(startedAt: number, timeoutMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    const { clock, identity } = this.#options;
    const leads = this.#state.type === 'leader';
    // The leader writes what it wrote last; only if that fails does it read.
    if (!leads || !this.#observed.lease) {
      const read = await this.#lease.read(timeoutMs, signal);
      if (read) this.#observed.observe(read, clock.monotonic(), this.#times.leaseDurationMs);
      else this.#observed.forget();
      this.#runningOut.check();
    }
    const { lease, holder } = this.#observed;
    if (lease) {
      if (!this.#isDead(holder) && this.#observed.heldByAnother(identity, clock.monotonic()))
        return undefined;
      // A leader that finds another holder in its place has lost, however long ago the other one renewed.
      if (leads && holder !== identity) return undefined;
    }
    const leftMs = Math.max(0, startedAt + timeoutMs - clock.monotonic());
    const held = await this.#lease.write(
      lease,
      heldBy(identity, lease, this.#times, clock.now(), this.#options.annotations?.()),
      leftMs,
      signal,
    );
    if (!leads) {
      // It was the same one still, or the API server would have refused.
      const version = lease?.metadata.resourceVersion;
      if (version !== undefined && version === this.#freeAt) this.#nobodyBetween = true;
      this.#runningOut.taken(version);
    }
    return held;
  }

  #isDead(holder: string): boolean {
    return holder !== this.#options.identity && (this.#options.isDead?.(holder) ?? false);
  }

  async #leave(): Promise<void> {
    // Before the request: from the moment it is sent another process may lead.
    this.#state = { type: 'ended' };
    const { identity } = this.#options;
    const never = new AbortController().signal;
    try {
      try {
        await this.#giveUp(this.#observed.lease, never);
      } catch (error) {
        // The renewal that was cut off by the stop got through.
        if (!isConflict(error)) throw error;
        await this.#giveUp(await this.#lease.read(RELEASE_TIMEOUT_MS, never), never);
      }
    } catch (error) {
      // It expires by itself.
      const reason = error instanceof KubeError ? error.reason : String(error);
      this.#log.warn({ identity, reason }, 'lease not released');
    }
  }

  async #giveUp(lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.#options;
    if (lease?.spec?.holderIdentity !== identity) return;
    const abandoned = this.#ending === 'abandon';
    const spec = (abandoned ? abandonedSpec : releasedSpec)(lease.spec, clock.now());
    await this.#lease.write(lease, { spec }, RELEASE_TIMEOUT_MS, signal);
    if (abandoned) this.#log.info({ identity }, 'left the lease to run out');
    else this.#log.info({ identity }, 'released the lease');
  }
}
