import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { evaluate } from '../../orphans/evaluate.ts';
import type { ObservedArea, SweepObservation } from '../../orphans/observed.ts';
import { recheck } from '../../orphans/recheck.ts';
import type { Answer } from '../../orphans/recheck-thing.ts';
import { type Candidate, inOrder, type SweepReport } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import {
  type Checked,
  type Facts,
  type Failed,
  type LiveRead,
  liveReadOf,
  type ObservedRun,
  type SweepDecision,
} from './facts.ts';
import { deletion, recording, recordName } from './record.ts';
import { finishedStatus, ownStatus, withChecked } from './status.ts';
import { atRest, deletingSummary, stoppedCondition } from './summary.ts';

/** So many candidates are read in vain before others come to their turn. */
const MAX_READS = 5;
export const SOON_MS = 1_000;
/** So many deletions lie between two writes of a status that show them. */
const SHOWN_EVERY = 10;
/** After a run that could not observe everything the next one comes sooner. */
const INCOMPLETE_RETRY_MS = 15 * 60_000;

/**
 * One pass of a run: all that was observed is evaluated, and while there is something to delete, the first of it is read in Azure itself,
 * recorded and so counted, and deleted; one in each pass.
 */
export function pass(
  sweep: OrphanSweep,
  facts: Facts,
  runFacts: ObservedRun,
  failed: Failed | undefined,
): SweepDecision {
  const { spec, now } = facts;
  const { startedAt = '', deleted = 0 } = sweep.status?.run ?? {};
  const counted = Math.max(deleted, runFacts.counted.size);
  // Each write of the status has the whole list in it.
  const run = { startedAt, deleted: counted - ((counted - deleted) % SHOWN_EVERY) };
  const report = evaluate(observedWith(runFacts, failed), runFacts.before, spec, 0);
  const checked = new Map(runFacts.checked);
  const newlyChecked = new Map<string, Checked>();
  const keepCheck = (key: string, result: Checked) => {
    checked.set(key, result);
    newlyChecked.set(key, result);
  };
  if (failed?.action.type === 'delete')
    keepCheck(failed.action.key, {
      type: 'kept',
      because: 'Unreadable',
      why: `Azure did not delete it: ${failed.failure.message}`,
    });
  const mayDelete = spec.mode === 'Delete' && report.stops.length === 0;
  const due = mayDelete ? inOrder(report.candidates.filter(({ verdict }) => verdict.type === 'due')) : [];
  const continueIn = (againMs: number): SweepDecision => ({
    actions: [],
    status: { ...ownStatus(sweep), run },
    summary: deletingSummary(run.deleted, spec.limits.deletionsPerRun, againMs),
    conditions: [stoppedCondition(report.stops)],
    checked: newlyChecked,
    comeBackAt: now + againMs,
  });
  const queue = [...due];
  /** What goes before an identity comes to its turn through that. */
  const parents = new Map<string, Candidate>();
  for (let candidate = queue.shift(); candidate; candidate = queue.shift()) {
    if (checked.has(candidate.key)) continue;
    // What this run has counted already, and did not come to delete, needs no other count.
    const isCounted = runFacts.counted.has(recordName(candidate));
    const left = spec.limits.deletionsPerRun - counted + (isCounted ? 1 : 0);
    if (left <= 0) break;
    if (runFacts.paceMs > 0) return continueIn(runFacts.paceMs);
    const found = runFacts.live.get(candidate.key);
    if (!found)
      return newlyChecked.size >= MAX_READS
        ? continueIn(SOON_MS)
        : { ...continueIn(SOON_MS), needsLive: [liveReadOf(candidate)] };
    const answer = answerOf(candidate, found, report, left, facts, runFacts);
    switch (answer.type) {
      case 'absent':
        keepCheck(candidate.key, { type: 'absent' });
        break;
      case 'keep':
        keepCheck(candidate.key, { type: 'kept', because: answer.because, why: answer.why });
        break;
      case 'first': {
        const [kept] = answer.candidates.filter(({ key }) => checked.get(key)?.type === 'kept');
        const next = answer.candidates.find(({ key }) => !checked.has(key));
        if (kept) {
          const why = `${kept.id} goes first, and stays`;
          keepCheck(candidate.key, { type: 'kept', because: 'LeftoversFirst', why });
        } else if (next) {
          parents.set(next.key, candidate);
          queue.unshift(next, candidate);
        } else return continueIn(SOON_MS); // All are gone meanwhile, which only another read shows.
        break;
      }
      case 'delete': {
        const parent = parents.get(candidate.key);
        const parentRead = parent && runFacts.live.get(parent.key);
        const actions =
          runFacts.recorded === candidate.key && isCounted
            ? [deletion(candidate, parent)]
            : [
                ...(parent && parentRead ? recording(parent, parentRead) : []),
                ...recording(candidate, found, startedAt),
              ];
        return { ...continueIn(SOON_MS), actions };
      }
    }
  }
  const candidates = withChecked(report.candidates, checked);
  return finish(sweep, facts, runFacts, { ...report, candidates }, counted);
}

/** A cluster that cannot renew its claim may have lost it. */
function observedWith({ observed }: ObservedRun, failed: Failed | undefined): SweepObservation {
  if (failed?.action.type !== 'claim') return observed;
  const message = `the claim of this cluster on azid's own identity cannot be written: ${failed.failure.message}`;
  return { ...observed, doubts: [...observed.doubts, { reason: 'ClaimUnknown', message }] };
}

function answerOf(
  candidate: Candidate,
  { thing, owner, begunAt }: LiveRead,
  { stops }: SweepReport,
  left: number,
  { now, spec }: Facts,
  { observed, objects, monotonic }: ObservedRun,
): Answer {
  const area: ObservedArea = observed.areas.find(({ scope }) => scope === candidate.scope) ?? {
    scope: candidate.scope,
    state: 'incomplete',
  };
  const { installationId, self } = observed;
  const tookMs = monotonic - begunAt;
  return recheck(
    candidate,
    { now, installationId, self, spec, stops, area, owner, left, thing, tookMs },
    objects,
  );
}

function finish(
  sweep: OrphanSweep,
  facts: Facts,
  { observed, unused }: ObservedRun,
  report: Pick<SweepReport, 'candidates' | 'stops' | 'evaluated'>,
  deleted: number,
): SweepDecision {
  const { now, intervalMs } = facts;
  const run = { startedAt: sweep.status?.run?.startedAt ?? timestamp(now), deleted };
  const incomplete = observed.areas.filter(({ state }) => state !== 'complete');
  const again = incomplete.length > 0 ? Math.min(intervalMs, INCOMPLETE_RETRY_MS) : intervalMs;
  // Of the beginning, unless a clock was set back since.
  const from = Math.min(Date.parse(run.startedAt) || now, now);
  const nextRunAt = Math.max(from + again, now + SOON_MS);
  const status = finishedStatus(sweep, report, { now, run, nextRunAt, unused });
  return {
    actions: [],
    status,
    summary: atRest({ ...facts, nextRunAt }, status, { incomplete, stops: report.stops }),
    conditions: [stoppedCondition(report.stops)],
    finished: { candidates: report.candidates },
    comeBackAt: Math.min(nextRunAt, facts.renewAt ?? nextRunAt),
  };
}
