import type { AzureHost } from '../../../azure/hosts/host.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import { mayGive } from '../../hosts/claims/by-identity.ts';
import type { Claim } from '../../hosts/claims/claim.ts';

/**
 * What comes together goes out in one write: it waits until what is to be written has stayed the same for a moment.
 * Which objects have yet to be reconciled is read off the objects (`hosts/claims/slots.ts`), so the host keeps no
 * list of them.
 */

/** So long nothing new has come, ms: an apply of several objects, and the reconciles of one event, come closer together. */
export const QUIET_MS = 500;
/** The same while an object that asks for something was not reconciled yet: its slot comes within that reconcile, ms. */
export const DUE_MS = 5_000;
/** However many come one after the other, ms. */
export const LONGEST_MS = 60_000;

/** What one write is to carry. Times are of the reconcile's `now`; between two of them the monotonic clock counts. */
export interface Batch {
  /** When there was something to write first. */
  readonly openedAt: number;
  /** When something was added last. */
  readonly changedAt: number;
  /** All that was to be changed since, by kind and key: what comes and goes as Azure's lists lag is not new each time. */
  readonly changes: ReadonlySet<string>;
  /** It has waited, and went or failed: only what is new waits again. */
  readonly isClosed?: boolean;
}

/** @param changes what is to be written now */
export function batchAfter(
  before: Batch | undefined,
  changes: readonly { readonly what: string; readonly key: string }[],
  now: number,
): Batch | undefined {
  if (changes.length === 0) return undefined;
  const keys = changes.map(({ what, key }) => `${what} ${key}`);
  if (before && keys.every((key) => before.changes.has(key))) return before;
  if (!before || before.isClosed) return { openedAt: now, changedAt: now, changes: new Set(keys) };
  return { ...before, changedAt: now, changes: new Set([...before.changes, ...keys]) };
}

/** For how long the write still waits, ms; then it goes with what there is. */
export function batchWaitMs({ openedAt, changedAt, isClosed }: Batch, isDue: boolean, now: number): number {
  // The wall clock was set back within the reconcile: how long it has waited is not known, and too early is one write more.
  if (isClosed || now < changedAt) return 0;
  const closesAt = Math.min(changedAt + (isDue ? DUE_MS : QUIET_MS), openedAt + LONGEST_MS);
  return Math.max(0, closesAt - now);
}

/** An object may have what the host does not show, and the object's next reconcile decides whether it gets its slot now. */
export function isMoreDue(claims: readonly Claim[], { identity }: AzureHost): boolean {
  const shown = new Set(identity.userAssigned.map(({ key }) => key));
  return claims.some((claim) => {
    if (claim.state !== 'wants' || !claim.isDue || !mayGive(claim)) return false;
    return claim.what === 'system' ? !identity.system : !shown.has(armKey(claim.what.identityId));
  });
}

/** By how much the wall clock is ahead of the monotonic one, ms. */
export function aheadMs(clock: Pick<Clock, 'now' | 'monotonic'>): number {
  return clock.now() - clock.monotonic();
}

/** With its times by another clock, which is so much ahead. */
export function shifted({ openedAt, changedAt, ...rest }: Batch, ms: number): Batch {
  return { ...rest, openedAt: openedAt + ms, changedAt: changedAt + ms };
}
