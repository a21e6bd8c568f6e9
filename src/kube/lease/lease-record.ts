import type { Lease, LeaseSpec } from '../builtin.ts';
import { isOlder } from '../informer/resource-version.ts';
import { microTime } from '../micro-time.ts';
import { type LeaseTimes, secondsOf } from './lease-times.ts';

/**
 * On the Lease: its holder, and after how much silence that one has given up, by its own flags. The record itself shows only when others
 * may take it, and an earlier version of azid leaves annotations as they are.
 */
export const RENEW_DEADLINE = 'azid.dev/renew-deadline';

/** Of the time between a holder's deadline and the end of its Lease, what is left to clocks that differ before it counts as silent. */
const SILENT_AFTER = 1 / 4;

/**
 * The Lease as this process saw it change. Whether it has expired is judged by how long ago *here* it last changed,
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
    // Of the whole object only these: a label put on by somebody is no sign of life from the holder.
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
   * From when on its holder does not begin anything any more, monotonic ms, if it stays silent: it has given up, though nobody may take
   * its place yet. Undefined: its deadline is not known.
   */
  get silentAt(): number | undefined {
    const deadlineMs = this.#deadlineMs;
    if (deadlineMs === undefined) return undefined;
    return this.#changedAt + deadlineMs + Math.max(0, this.#durationMs - deadlineMs) * SILENT_AFTER;
  }

  /** Whether somebody other than `identity` may still believe to lead. */
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

/** Held by nobody: the next candidate takes it at its next poll. One second, the least that the server accepts. */
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
