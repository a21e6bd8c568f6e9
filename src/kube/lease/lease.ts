/** Leader election on a Lease, with client-go's times and its rule that only locally observed change counts. */
import { type Clock, sleep } from '../../runtime/time/clock.ts';
import type { Lease } from '../builtin.ts';
import type { KubeClient } from '../client.ts';
import { isAlreadyExists, isConflict, KubeError } from '../errors.ts';
import { type Log, silentLog } from '../log.ts';
import { LeaseCalls } from './lease-calls.ts';
import { ObservedLease } from './lease-record.ts';

export interface LeaderElectorOptions {
  /** On a transport of its own: a busy queue must not delay a renewal (kueue #15537). */
  readonly client: KubeClient;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly namespace: string;
  readonly name: string;
  /** Unique per process, also across restarts: pod name and a random part. */
  readonly identity: string;
  /** Followers wait this long after the last change they saw. Defaults to 15 s. */
  readonly leaseDurationMs?: number;
  /** The leader gives up this long after the start of its last renewal that succeeded. Defaults to 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between tries. Defaults to 2 s. */
  readonly retryMs?: number;
  /** Start leader work. Called once. */
  readonly onStarted: () => void;
  /** Stop at once and exit; another one may lead already. Not called after a release. */
  readonly onLost: (why: string) => void;
  readonly log?: Log;
}

/** A follower's wait is between 1 and 2.2 times `retryMs`, so that candidates do not come in step (client-go). */
const JITTER = 1.2;
const RELEASE_TIMEOUT_MS = 5_000;

type Leadership =
  | { readonly type: 'follower' }
  /** `renewedAt`: monotonic ms, taken before the request was sent, so that it is never later than the server's view. */
  | { readonly type: 'leader'; readonly renewedAt: number }
  | { readonly type: 'ended' };

export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  readonly #log: Log;
  readonly #calls: LeaseCalls;
  readonly #observed = new ObservedLease();
  #state: Leadership = { type: 'follower' };
  /** Why the last try failed; undefined after one that showed who leads. */
  #trouble: { readonly reason: string; readonly status: number | undefined } | undefined;
  /** What a follower last logged of its waiting. */
  #reported = '';
  /** Version of the Lease when it was seen to be nobody's, before this process asked for it. */
  #freeAt: string | undefined;
  #nobodyBetween = false;

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    this.#log = options.log ?? silentLog;
    this.#calls = new LeaseCalls({ ...options, durationMs: this.#leaseDurationMs });
    if (!options.identity) throw new Error('Expected the identity of the elector to be set, got ""');
    if (!(this.#leaseDurationMs > this.#renewDeadlineMs))
      throw new Error(
        `Expected leaseDurationMs to be above renewDeadlineMs (${this.#renewDeadlineMs}), got ${this.#leaseDurationMs}`,
      );
    if (!(this.#renewDeadlineMs > this.#retryMs * JITTER) || !(this.#retryMs > 0))
      throw new Error(
        `Expected renewDeadlineMs to be above ${JITTER} times retryMs (${this.#retryMs}), got ${this.#renewDeadlineMs}`,
      );
  }

  /**
   * Ask right before each write to Azure. False as soon as the renew deadline has passed on the local clock, also
   * when a stalled event loop has kept the elector itself from noticing.
   */
  isLeaderNow(): boolean {
    return this.#state.type === 'leader' && this.#leftMs(this.#state.renewedAt) > 0;
  }

  /** Who holds the Lease as far as seen; '' for nobody. */
  get holder(): string {
    return this.#observed.holder;
  }

  /**
   * Whether the last leader has given the Lease back, as it does when nothing of it works any more. False for a Lease
   * that ran out, whose holder may be at work, and for one that is not there, which proves nothing about anybody.
   */
  async isFree(signal: AbortSignal): Promise<boolean> {
    const lease = await this.#calls.read(this.#renewDeadlineMs, signal);
    this.#freeAt = lease?.spec?.holderIdentity === '' ? lease.metadata.resourceVersion : undefined;
    return this.#freeAt !== undefined;
  }

  /** From when `isFree` saw the Lease free until this process took it nobody had it. */
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
    await this.#release();
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      await this.#tryOnce(this.#renewDeadlineMs, signal);
      if (this.isLeaderNow()) return;
      if (!signal.aborted) this.#reportWaiting();
      await sleep(clock, this.#retryMs * (1 + JITTER * random()), signal).catch(() => {});
    }
  }

  /**
   * A follower does nothing else that shows, so it says what it waits for, once and whenever that changes: who leads, or
   * why the Lease cannot be had.
   */
  #reportWaiting(): void {
    const { namespace, name, identity } = this.#options;
    const lease = `${namespace}/${name}`;
    const trouble = this.#trouble;
    const found = trouble ? `${trouble.status} ${trouble.reason}` : this.holder;
    if (found === this.#reported || found === '' || (!trouble && found === identity)) return;
    this.#reported = found;
    if (trouble)
      this.#log.warn(
        { identity, lease, ...trouble },
        'standing by: the lease can be neither read nor taken; check that azid may get, create and update it',
      );
    else this.#log.info({ identity, lease, holder: found }, 'standing by: another process leads');
  }

  /** Until the signal aborts (undefined) or leadership is lost (why). */
  async #keep(signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      if (this.#state.type !== 'leader')
        return this.holder ? `the lease is held by "${this.holder}"` : 'the lease was found free';
      const leftMs = this.#leftMs(this.#state.renewedAt);
      if (leftMs <= 0) return `no renewal succeeded within ${this.#renewDeadlineMs} ms`;
      await sleep(this.#options.clock, Math.min(this.#retryMs, leftMs), signal).catch(() => {});
      if (signal.aborted) return undefined;
      // Again after the sleep: a renewal begun after the deadline could succeed, but the work between was not covered.
      const stillMs = this.#leftMs(this.#state.renewedAt);
      if (stillMs > 0) await this.#tryOnce(stillMs, signal);
    }
    return undefined;
  }

  #leftMs(renewedAt: number): number {
    return renewedAt + this.#renewDeadlineMs - this.#options.clock.monotonic();
  }

  /** One try to take or keep the Lease within `timeoutMs`; what came of it is the new state. */
  async #tryOnce(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { clock, identity } = this.#options;
    const startedAt = clock.monotonic();
    try {
      const lease = await this.#takeOrRenew(startedAt, timeoutMs, signal);
      this.#trouble = undefined;
      if (lease) {
        this.#observed.observe(lease, clock.monotonic(), this.#leaseDurationMs);
        this.#state = { type: 'leader', renewedAt: startedAt };
      } else if (this.#state.type === 'leader') this.#state = { type: 'follower' };
    } catch (error) {
      // A leader's Lease was changed by somebody, or by an own write whose answer got lost: read at the next try.
      if (isConflict(error) && this.#state.type === 'leader') this.#observed.forget();
      const { reason, status } =
        error instanceof KubeError ? error : { reason: String(error), status: undefined };
      // Somebody else was quicker: the next try shows who.
      this.#trouble = isConflict(error) || isAlreadyExists(error) ? undefined : { reason, status };
      this.#log.debug({ identity, reason, status }, 'lease not renewed');
    }
  }

  /** The Lease as written; undefined when another one holds it. */
  async #takeOrRenew(startedAt: number, timeoutMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    const { clock, identity } = this.#options;
    // The leader writes what it wrote last; only if that fails does it read.
    if (this.#state.type !== 'leader' || !this.#observed.lease) {
      const read = await this.#calls.read(timeoutMs, signal);
      if (!read) return this.#calls.create(this.#restOf(startedAt, timeoutMs), signal);
      this.#observed.observe(read, clock.monotonic(), this.#leaseDurationMs);
    }
    const lease = this.#observed.lease;
    if (!lease || this.#observed.heldByAnother(identity, clock.monotonic())) return undefined;
    // A leader that finds somebody else in its place has lost, however long ago the other one renewed.
    if (this.#state.type === 'leader' && this.holder !== identity) return undefined;
    const held = await this.#calls.hold(lease, this.#restOf(startedAt, timeoutMs), signal);
    // It was the same one still, or the API server would have refused.
    if (lease.metadata.resourceVersion === this.#freeAt) this.#nobodyBetween = true;
    return held;
  }

  #restOf(startedAt: number, timeoutMs: number): number {
    return Math.max(0, startedAt + timeoutMs - this.#options.clock.monotonic());
  }

  async #release(): Promise<void> {
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
        await this.#giveUp(await this.#calls.read(RELEASE_TIMEOUT_MS, never), never);
      }
    } catch (error) {
      // It expires by itself.
      const reason = error instanceof KubeError ? error.reason : String(error);
      this.#log.warn({ identity, reason }, 'lease not released');
    }
  }

  async #giveUp(lease: Lease | undefined, signal: AbortSignal): Promise<void> {
    const released = await this.#calls.release(lease, RELEASE_TIMEOUT_MS, signal);
    if (released) this.#log.info({ identity: this.#options.identity }, 'released the lease');
  }
}
