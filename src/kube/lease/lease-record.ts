/** What is written on a Lease and for how long it holds, with the names and defaults of client-go, and the Lease as this process observed it. */
import { type Lease, type LeaseSpec, microTime } from '../builtin.ts';
import { isOlder } from '../types.ts';

/** How long a Lease holds for its leader and for followers, with client-go's names and defaults. All ms. */
export interface LeaseTimes {
  /** Followers wait this long after the last change they saw. */
  readonly leaseDurationMs: number;
  /** The leader gives up this long after the start of its last renewal that succeeded. */
  readonly renewDeadlineMs: number;
  /** Between tries. */
  readonly retryMs: number;
}

export const LEASE_TIMES: LeaseTimes = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** A follower's wait is between 1 and 2.2 times `retryMs`, so that candidates do not come in step (client-go). */
export const JITTER = 1.2;

/**
 * By how much the clock of a leader may be slower than that of a follower before both take themselves for the leader, at least: the record's duration
 * over the deadline. 1.5 with the defaults.
 */
const LEAST_MARGIN = 1.25;

/** By which names messages call them: flags or options. */
type TimeNames = Readonly<Record<keyof LeaseTimes, string>>;

const OPTIONS: TimeNames = {
  leaseDurationMs: 'leaseDurationMs',
  renewDeadlineMs: 'renewDeadlineMs',
  retryMs: 'retryMs',
};

/** Why there could be two leaders with these times, or none for long; undefined: they fit. */
export function wrongTimes(times: LeaseTimes, names: TimeNames = OPTIONS): string | undefined {
  const { leaseDurationMs, renewDeadlineMs, retryMs } = times;
  const is = (name: keyof LeaseTimes) => `${names[name]} (${secondsOf(times[name])})`;
  // The record holds whole seconds: followers would wait for longer than was asked for.
  if (!(leaseDurationMs > 0) || leaseDurationMs % 1_000 !== 0)
    return `expected ${names.leaseDurationMs} to be whole seconds, such as 15s, got ${secondsOf(leaseDurationMs)}`;
  if (leaseDurationMs < LEAST_MARGIN * renewDeadlineMs)
    return `expected ${names.leaseDurationMs} to be at least ${LEAST_MARGIN} times ${is('renewDeadlineMs')}, got ${secondsOf(leaseDurationMs)}: a leader must have given up before another one begins, also by a slow clock; raise the one or lower the other`;
  if (!(retryMs > 0) || renewDeadlineMs <= JITTER * retryMs)
    return `expected ${names.renewDeadlineMs} to be above ${JITTER} times ${is('retryMs')}, got ${secondsOf(renewDeadlineMs)}: a leader must be able to try again before it gives up; raise the one or lower the other`;
  return undefined;
}

/** `10s`, `7.5s`. */
function secondsOf(ms: number): string {
  return `${ms / 1_000}s`;
}

/**
 * On the Lease: its holder, and after how much silence that one has given up, by its own flags. The record itself shows only when others
 * may take it, and an earlier version of azid leaves annotations as they are.
 */
export const RENEW_DEADLINE = 'azid.dev/renew-deadline';

/** Of the time between a holder's deadline and the end of its Lease, what is left to clocks that differ before it counts as silent. */
const SILENT_AFTER = 1 / 4;

/**
 * The Lease as this process observed it. Whether it has expired follows from how long ago *here* it last changed,
 * never by the times written in it: those come from another machine's clock (client-go #448).
 */
export class ObservedLease {
  #content = '';
  #changedAt = 0;
  #durationMs = 0;
  #deadlineMs: number | undefined;
  #lease: Lease | undefined;

  get lease(): Lease | undefined {
    return this.#lease;
  }

  get holder(): string {
    return this.#lease?.spec?.holderIdentity ?? '';
  }

  get version(): string | undefined {
    return this.#lease?.metadata.resourceVersion;
  }

  /** `nowMs`: monotonic. `defaultMs`: for a record without a duration. */
  observe(lease: Lease, nowMs: number, defaultMs: number): void {
    const { holderIdentity, renewTime, acquireTime, leaseTransitions } = lease.spec ?? {};
    // Of the whole object only these: a label that a user put on is no sign of life from the holder.
    const content = JSON.stringify([holderIdentity, renewTime, acquireTime, leaseTransitions]);
    if (content !== this.#content || !this.#lease) this.#changedAt = nowMs;
    this.#content = content;
    this.#lease = lease;
    const seconds = lease.spec?.leaseDurationSeconds;
    this.#durationMs = seconds === undefined ? defaultMs : seconds * 1000;
    this.#deadlineMs = deadlineOf(lease);
  }

  /** The same of what a watch brings, which may be behind what was read. */
  observeNews(lease: Lease, nowMs: number, defaultMs: number): void {
    if (this.version === undefined || !isOlder(lease.metadata.resourceVersion, this.version))
      this.observe(lease, nowMs, defaultMs);
  }

  forget(): void {
    this.#lease = undefined;
    this.#content = '';
  }

  /** When it may be taken from its holder, monotonic ms. */
  get expiresAt(): number {
    return this.#changedAt + this.#durationMs;
  }

  /**
   * From when on its holder does not begin anything any more, monotonic ms, if it stays silent: it has given up, though no process may take its
   * place yet. Undefined: its deadline is not known.
   */
  get silentAt(): number | undefined {
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) return undefined;
    return this.#changedAt + deadlineMs + Math.max(0, this.#durationMs - deadlineMs) * SILENT_AFTER;
  }

  /** Whether a process other than `identity` may still take itself for the leader. */
  heldByAnother(identity: string, nowMs: number): boolean {
    return this.holder !== '' && this.holder !== identity && nowMs < this.expiresAt;
  }
}

/** The Lease to write to take or keep it, but for what names it. `nowMs`: wall time, for people who read it. */
export function heldBy(
  identity: string,
  previous: Lease | undefined,
  { leaseDurationMs, renewDeadlineMs }: LeaseTimes,
  nowMs: number,
  annotations: Readonly<Record<string, string>> = {},
): Pick<Lease, 'spec'> & { readonly annotations: Readonly<Record<string, string>> } {
  const { spec, metadata } = previous ?? {};
  const mine = spec?.holderIdentity === identity;
  const transitions = spec?.leaseTransitions ?? 0;
  return {
    annotations: {
      ...metadata?.annotations,
      ...annotations,
      [RENEW_DEADLINE]: `${identity} ${secondsOf(renewDeadlineMs)}`,
    },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: (mine && spec?.acquireTime) || microTime(nowMs),
      renewTime: microTime(nowMs),
      leaseTransitions: mine || !spec ? transitions : transitions + 1,
    },
  };
}

/** Without a holder: the next candidate takes it at its next poll. One second, the least that the server accepts. */
export function releasedSpec(previous: LeaseSpec | undefined, nowMs: number): LeaseSpec {
  return { ...abandonedSpec(previous, nowMs), holderIdentity: '', acquireTime: microTime(nowMs) };
}

/** Still its holder's, who does not renew it any more: the next candidate takes it after a second, the least that the server accepts. */
export function abandonedSpec(previous: LeaseSpec | undefined, nowMs: number): LeaseSpec {
  return {
    ...previous,
    leaseDurationSeconds: 1,
    renewTime: microTime(nowMs),
    leaseTransitions: previous?.leaseTransitions ?? 0,
  };
}

function deadlineOf({ metadata, spec }: Lease): number | undefined {
  const text = metadata.annotations?.[RENEW_DEADLINE] ?? '';
  const [, holder, seconds] = /^(\S+) (\d{1,6}(?:\.\d{1,3})?)s$/.exec(text) ?? [];
  return holder === undefined || holder !== spec?.holderIdentity ? undefined : Number(seconds) * 1_000;
}
