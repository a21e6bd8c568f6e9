import { madeElsewhere } from '../makers.ts';
import type { MadeBy, ObservedArea, OrphanType, SweepObservation } from '../observed.ts';
import type { OrphanReason } from '../reasons.ts';
import type { Candidate, Memory, Verdict } from '../report.ts';
import type { SweepSpec } from '../spec.ts';
import { afterGrace, type Clearance, type Listed, timesOf } from './grace.ts';

/** What every type of thing is judged by, and how it is listed. */
export interface Judging {
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

export function listed(thing: Thing, finding: Finding, { observed, memory, spec }: Judging): Candidate {
  const { type, reason, owner, ownerUid, kept, only } = finding;
  const { now } = observed;
  const clearance = kept?.clearance ?? (only === undefined ? 'clear' : 'held');
  const times = timesOf(thing, finding, clearance, memory, now);
  // An end was given with the assignment, so nobody has a claim on a time after it.
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

/** Whoever made it may have an object for it elsewhere. */
export function keptByMaker(
  { key, madeBy }: { readonly key: string; readonly madeBy: MadeBy },
  { observed, memory, spec }: Judging,
): Finding['kept'] {
  const made = madeElsewhere({ madeBy, since: memory.since.get(key)?.since }, observed, spec);
  return made && keptBy(made.because, made.why, 'held');
}

/** What keeps a thing of whatever type: it cannot be known again, or its surroundings are not known. */
export function keptByDoubt(thing: Thing, areas: readonly ObservedArea[]): Finding['kept'] {
  if (thing.instance === '')
    return keptBy('InstanceUnknown', 'Azure does not show by what it would be known again', 'unknown');
  const area = areas.find(({ scope }) => scope === thing.scope);
  if (area?.state === 'complete') return undefined;
  const why = area?.why ?? (area?.state === 'loading' ? 'its first list is under way' : 'it was not listed');
  return keptBy('AreaIncomplete', `scope ${thing.scope} is not known completely: ${why}`, 'unknown');
}
