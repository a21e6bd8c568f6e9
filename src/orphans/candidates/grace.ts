import { sameInstance } from '../instance.ts';
import type { OrphanReason } from '../reasons.ts';
import type { Candidate, Memory, Verdict } from '../report.ts';

/**
 * Since when something is listed, and since when nothing keeps it. Only the second makes it due: what hung on an identity until an hour
 * ago may be on its way back, however long its owner is gone.
 */

/** Whether it may be deleted as far as is known now: nothing keeps it, something does, or that cannot be determined. */
export type Clearance = 'clear' | 'held' | 'unknown';

export interface Listed {
  readonly id: string;
  readonly key: string;
  readonly instance: string;
  readonly createdAt?: number | undefined;
}

/** To be of one of these is the same as regards the owner, so that time counts on. An unused identity has a living owner: of it nothing carries over. */
export const WITHOUT_OWNER: ReadonlySet<OrphanReason> = new Set(['OwnerGone', 'PrincipalGone', 'Ended']);

export function timesOf(
  thing: Listed,
  { reason, owner, ownerUid }: Pick<Candidate, 'reason' | 'owner' | 'ownerUid'>,
  clearance: Clearance,
  memory: Memory,
  now: number,
): Pick<Candidate, 'since' | 'clearSince'> {
  const before = memory.since.get(thing.key);
  const goesOn =
    before !== undefined &&
    isPast(before.since, now) &&
    sameInstance(before.instance, thing.instance) &&
    // Another owner lived since, if only between two runs.
    before.owner === owner &&
    before.ownerUid === ownerUid &&
    (before.reason === reason || (WITHOUT_OWNER.has(before.reason) && WITHOUT_OWNER.has(reason)));
  const since = notBefore(goesOn ? before.since : now, thing, now);
  if (clearance === 'held') return { since };
  const wasClear = goesOn && before.clearSince !== undefined && isPast(before.clearSince, now);
  const clear = wasClear ? Math.max(before.clearSince ?? now, since) : now;
  if (clearance === 'unknown' && !wasClear) return { since };
  return { since, clearSince: clear };
}

/** Due after the grace period, and not in the run that first saw it clear: a single list may have left out what keeps it. */
export function afterGrace(
  { clearSince }: Pick<Candidate, 'clearSince'>,
  createdAt: number | undefined,
  graceMs: number,
  now: number,
): Verdict {
  const from = Math.max(clearSince ?? now, createdAt ?? 0);
  const until = from + graceMs;
  const isSecond = clearSince !== undefined && clearSince < now;
  return isSecond && until <= now ? { type: 'due' } : { type: 'waiting', until };
}

/** A clock that was set back shows a time that has yet to come: nothing is known of that thing then, and it begins anew. */
function isPast(time: number, now: number): boolean {
  return Number.isFinite(time) && time <= now;
}

/** Never older than the thing itself, whatever a status says, and never later than now, whatever Azure's clock says. */
function notBefore(time: number, { createdAt }: Listed, now: number): number {
  return Math.min(now, Math.max(time, createdAt ?? time));
}
