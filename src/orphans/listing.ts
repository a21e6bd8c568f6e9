import type { MadeBy, ObservedArea, OrphanType, SweepObservation } from './observed.ts';
import { type OrphanReason, WITHOUT_OWNER } from './reasons.ts';
import type { Candidate, Memory, Verdict } from './report.ts';
import type { SweepSpec } from './spec.ts';
import { madeElsewhere, sameInstance } from './traits.ts';

/**
 * How a thing of any type is listed: what keeps it, since when it is listed, and since when nothing keeps it. Only the last makes it
 * due: what hung on an identity until an hour ago may be on its way back, however long its owner is gone.
 */

export interface Evaluation {
  readonly observed: SweepObservation;
  readonly memory: Memory;
  readonly spec: SweepSpec;
}

type Kept = Extract<Verdict, { type: 'kept' }>;

/** What was found of a thing before times are counted. */
export interface Finding {
  readonly type: OrphanType;
  readonly reason: OrphanReason;
  readonly owner?: string;
  readonly ownerUid?: string;
  /** Absent: nothing keeps it. */
  readonly kept?: Kept & { readonly clearance: Exclude<Clearance, 'clear'> };
  /** Nothing is ever done about it. */
  readonly only?: string;
}

/** Something keeps it, or that cannot be determined. */
export function keptBy(
  because: Kept['because'],
  why: string,
  clearance: Exclude<Clearance, 'clear'>,
): NonNullable<Finding['kept']> {
  return { type: 'kept', because, why, clearance };
}

type Thing = Listed & { readonly scope: string };

export function listed(thing: Thing, finding: Finding, { observed, memory, spec }: Evaluation): Candidate {
  const { type, reason, owner, ownerUid, kept, only } = finding;
  const { now } = observed;
  const clearance = kept?.clearance ?? (only === undefined ? 'clear' : 'held');
  const times = timesOf(thing, finding, clearance, memory, now);
  // An end was given with the assignment, so it gives no claim to a time after it.
  const graceMs = reason === 'Ended' ? 0 : spec.gracePeriodsMs[type];
  const createdAt = reason === 'Ended' ? undefined : thing.createdAt;
  const verdict: Verdict = kept
    ? { type: 'kept', because: kept.because, why: kept.why }
    : only === undefined
      ? afterGrace(times, createdAt, graceMs, now)
      : { type: 'reported', why: only };
  return {
    type,
    id: thing.id,
    key: thing.key,
    scope: thing.scope,
    reason,
    ...(owner !== undefined && { owner }),
    ...(ownerUid !== undefined && { ownerUid }),
    instance: thing.instance,
    ...times,
    verdict: spec.mode === 'Report' ? onlyReported(verdict) : verdict,
  };
}

function onlyReported(verdict: Verdict): Verdict {
  if (verdict.type === 'due') return { type: 'reported', why: 'with mode Delete it would be deleted now' };
  if (verdict.type !== 'waiting') return verdict;
  const until = new Date(verdict.until).toISOString();
  return { type: 'reported', why: `with mode Delete it would be deleted after ${until}` };
}

/** The azid that made it may have an object for it in another cluster. */
export function keptByMaker(
  { key, madeBy }: { readonly key: string; readonly madeBy: MadeBy },
  { observed, memory, spec }: Evaluation,
): Finding['kept'] {
  const made = madeElsewhere({ madeBy, since: memory.since.get(key)?.since }, observed, spec);
  return made && keptBy(made.because, made.why, 'held');
}

/** What keeps a thing of any type: it cannot be known again, or its surroundings are not known. */
export function keptByDoubt(thing: Thing, areas: readonly ObservedArea[]): Finding['kept'] {
  if (thing.instance === '')
    return keptBy('InstanceUnknown', 'Azure does not show by what it would be known again', 'unknown');
  const area = areas.find(({ scope }) => scope === thing.scope);
  if (area?.state === 'complete') return undefined;
  const why = area?.why ?? (area?.state === 'loading' ? 'its first list is under way' : 'it was not listed');
  return keptBy('AreaIncomplete', `scope ${thing.scope} is not known completely: ${why}`, 'unknown');
}

/** Whether it may be deleted as far as is known now: nothing keeps it, something does, or that cannot be determined. */
type Clearance = 'clear' | 'held' | 'unknown';

interface Listed {
  readonly id: string;
  readonly key: string;
  readonly instance: string;
  readonly createdAt?: number | undefined;
}

function timesOf(
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

/** Due after the grace period, and not in the run that first found it clear: a single list may have left out what keeps it. */
function afterGrace(
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

/** Never older than the thing itself, even if a status says so, and never later than now, even if Azure's clock is ahead. */
function notBefore(time: number, { createdAt }: Listed, now: number): number {
  return Math.min(now, Math.max(time, createdAt ?? time));
}
