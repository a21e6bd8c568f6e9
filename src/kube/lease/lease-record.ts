import type { Lease, LeaseSpec } from '../builtin.ts';
import { microTime } from '../micro-time.ts';

/**
 * The Lease as this process saw it change. Whether it has expired is judged by how long ago *here* it last changed,
 * never by the times written in it: those come from another machine's clock (client-go #448).
 */
export class ObservedLease {
  #content = '';
  #changedAt = 0;
  #durationMs = 0;
  #lease: Lease | undefined;

  get lease(): Lease | undefined {
    return this.#lease;
  }

  get holder(): string {
    return this.#lease?.spec?.holderIdentity ?? '';
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
  }

  forget(): void {
    this.#lease = undefined;
    this.#content = '';
  }

  /** Whether somebody other than `identity` may still believe to lead. */
  heldByAnother(identity: string, nowMs: number): boolean {
    return this.holder !== '' && this.holder !== identity && nowMs < this.#changedAt + this.#durationMs;
  }
}

/** The spec to write to take or keep the Lease. `nowMs`: wall time, for people who read it. */
export function heldSpec(
  previous: LeaseSpec | undefined,
  identity: string,
  durationMs: number,
  nowMs: number,
): LeaseSpec {
  const mine = previous?.holderIdentity === identity;
  const transitions = previous?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: (mine && previous?.acquireTime) || microTime(nowMs),
    renewTime: microTime(nowMs),
    leaseTransitions: mine || !previous ? transitions : transitions + 1,
  };
}

/** Held by nobody: the next candidate takes it at its next poll. One second, the least that the server accepts. */
export function releasedSpec(previous: LeaseSpec | undefined, nowMs: number): LeaseSpec {
  return {
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: microTime(nowMs),
    renewTime: microTime(nowMs),
    leaseTransitions: previous?.leaseTransitions ?? 0,
  };
}
