import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { isObserved } from '../../api/schema/common.ts';
import { judge } from '../../orphans/judge.ts';
import type { ObservedArea, SweepObservation } from '../../orphans/observed.ts';
import { inOrder } from '../../orphans/order.ts';
import { type Answer, recheck } from '../../orphans/recheck.ts';
import type { Candidate, SweepReport } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { summaryOf } from '../status/summaries.ts';
import {
  type Action,
  type Checked,
  type Facts,
  type Failed,
  type LiveRead,
  liveReadOf,
  type ObservedRun,
  type OwnStatus,
  type SweepDecision,
} from './facts.ts';
import { recordName } from './record.ts';
import type { ClaimWrite } from './run/claim.ts';
import { finishedStatus, ownStatus, withChecked } from './status.ts';
import { atRest, deletingSummary, loadingSummary, restOf, stoppedCondition } from './summary.ts';

/** So many candidates are read in vain before others come to their turn. */
const MAX_READS = 5;
const SOON_MS = 1_000;
/** So many deletions lie between two writes of a status that show them. */
const SHOWN_EVERY = 10;
/** A run that could not see everything is made up for sooner than the next one would come. */
const INCOMPLETE_RETRY_MS = 15 * 60_000;

/**
 * One pass of a sweep. Pure. Between runs it says when the next one begins; in a run it judges all that was seen, and while there is
 * something to delete, takes the first of it: read in Azure itself, written down and so counted, deleted; and one in each pass.
 */
export function decide(sweep: OrphanSweep, facts: Facts, failed?: Failed): SweepDecision {
  const { run } = sweep.status ?? {};
  if (sweep.metadata.deletionTimestamp) return rest(sweep, facts);
  if (facts.scopes.swept.length === 0) return rest(sweep, facts);
  if (facts.claim?.write && !failed) return renewal(sweep, facts.claim.write);
  if (!run) return isDue(sweep, facts) ? begin(sweep, facts) : rest(sweep, facts);
  const runFacts = facts.run;
  if (!runFacts || runFacts.state === 'loading') {
    const status = ownStatus(sweep);
    return { actions: [], status, summary: loadingSummary(sweep, runFacts?.why) };
  }
  if (runFacts.state === 'heldBack')
    return { actions: [], status: ownStatus(sweep), summary: summaryOf(runFacts.failure) };
  if (failed && isForLater(failed))
    return { actions: [], status: ownStatus(sweep), summary: summaryOf(failed.failure) };
  const kept = records(sweep, runFacts);
  return kept.length > 0
    ? { actions: kept, status: ownStatus(sweep), summary: loadingSummary(sweep) }
    : pass(sweep, facts, runFacts, failed);
}

/** What one thing is refused must not keep all others: only where Azure asks for a pause does the whole run wait. */
function isForLater({ action, failure }: Failed): boolean {
  return failure.kind !== 'stalled' && (action.type !== 'delete' || failure.reason === 'Throttled');
}

/** Before anything is judged by them, the records of what was retained are brought up to date. */
function records(
  sweep: OrphanSweep,
  { baselines, settled, unconfirmed = [] }: ObservedRun,
): readonly Action[] {
  if (sweep.status?.run === undefined) return [];
  return [
    ...baselines.map((each) => ({ type: 'baseline', ...each }) as const),
    ...unconfirmed.map((recordName) => ({ type: 'confirmRecord', recordName }) as const),
    ...(settled.length > 0 ? [{ type: 'forgetRetained', entries: settled } as const] : []),
  ];
}

function isDue(sweep: OrphanSweep, { now, intervalMs, newlyConfirmed, requested }: Facts): boolean {
  const next = Date.parse(sweep.status?.nextRunTime ?? '');
  // A clock that was set back shows a time that lies further ahead than any run does.
  const isTime = Number.isNaN(next) || next <= now || next > now + intervalMs + SOON_MS;
  return isTime || !isObserved(sweep) || requested || newlyConfirmed;
}

function renewal(sweep: OrphanSweep, write: ClaimWrite): SweepDecision {
  const message = `this cluster claims the installation, for the ${write.record.counter}. time`;
  const event = { type: 'Normal', reason: 'InstallationClaimed', action: 'Claim', message } as const;
  return {
    actions: [{ type: 'claim', write, event }],
    status: ownStatus(sweep),
    summary: loadingSummary(sweep),
  };
}

/** Saved first: a process that goes on from here neither begins the limits anew nor judges twice in one run. */
function begin(sweep: OrphanSweep, { now }: Facts): SweepDecision {
  const status: OwnStatus = { ...ownStatus(sweep), run: { startedAt: timestamp(now), deleted: 0 } };
  return {
    actions: [{ type: 'saveStatus', status, why: 'a run begins' }],
    status,
    summary: loadingSummary(sweep),
  };
}

function pass(
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
  const report = judge(observedWith(runFacts, failed), runFacts.before, spec, 0);
  const checked = new Map(runFacts.checked);
  const news = new Map<string, Checked>();
  const keepCheck = (key: string, result: Checked) => {
    checked.set(key, result);
    news.set(key, result);
  };
  if (failed?.action.type === 'delete')
    keepCheck(failed.action.key, {
      type: 'kept',
      because: 'Unreadable',
      why: `Azure did not delete it: ${failed.failure.message}`,
    });
  const mayDelete = spec.mode === 'Delete' && report.stops.length === 0;
  const due = mayDelete ? inOrder(report.candidates.filter(({ verdict }) => verdict.type === 'due')) : [];
  const going = (againMs: number): SweepDecision => ({
    actions: [],
    status: { ...ownStatus(sweep), run },
    summary: deletingSummary(run.deleted, spec.limits.deletionsPerRun, againMs),
    conditions: [stoppedCondition(report.stops)],
    checked: news,
    comeBackAt: now + againMs,
  });
  const queue = [...due];
  /** What goes before an identity comes to its turn through that. */
  const above = new Map<string, Candidate>();
  for (let candidate = queue.shift(); candidate; candidate = queue.shift()) {
    if (checked.has(candidate.key)) continue;
    // What this run has counted already, and did not come to delete, needs no other count.
    const isCounted = runFacts.counted.has(nameOf(candidate));
    const left = spec.limits.deletionsPerRun - counted + (isCounted ? 1 : 0);
    if (left <= 0) break;
    if (runFacts.paceMs > 0) return going(runFacts.paceMs);
    const found = runFacts.live.get(candidate.key);
    if (!found)
      return news.size >= MAX_READS
        ? going(SOON_MS)
        : { ...going(SOON_MS), needsLive: [liveReadOf(candidate)] };
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
          above.set(next.key, candidate);
          queue.unshift(next, candidate);
        } else return going(SOON_MS); // All are gone meanwhile, which only another read shows.
        break;
      }
      case 'delete': {
        const parent = above.get(candidate.key);
        const whole = parent && runFacts.live.get(parent.key);
        const actions =
          runFacts.recorded === candidate.key && isCounted
            ? [deletion(candidate, parent)]
            : [
                ...(parent && whole ? recording(parent, whole) : []),
                ...recording(candidate, found, startedAt),
              ];
        return { ...going(SOON_MS), actions };
      }
    }
  }
  const candidates = withChecked(report.candidates, checked);
  return finish(sweep, facts, runFacts, { ...report, candidates }, counted);
}

/** Whoever cannot renew its claim cannot know whether it still has it. */
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

/**
 * Written down, and so counted; then it is read once more, and deleted. Whatever comes in between costs a count or leaves a record,
 * and never a trace.
 *
 * @param run of which it is a deletion; absent: only what goes before it is deleted now
 */
function recording(candidate: Candidate, { record }: LiveRead, run?: string): Action[] {
  if (!record) return [];
  const { key } = candidate;
  return [
    {
      type: 'record',
      key,
      name: nameOf(candidate),
      record: { ...record, ...(run !== undefined && { run }) },
    },
  ];
}

/** @param parent the identity that it goes before */
function deletion(candidate: Candidate, parent: Candidate | undefined): Action {
  const { type: of, id, key, owner, reason } = candidate;
  const whose = owner === undefined ? '' : ` of ${owner}`;
  const before = parent ? `, before identity ${parent.id}` : '';
  const recordName = nameOf(candidate);
  const message = `deleted ${NOUNS[of]} ${id}: orphan${whose}, ${reason}${before}; what it had stands in OrphanRecord ${recordName}`;
  const event = { type: 'Normal', reason: 'OrphanDeleted', action: 'Delete', message } as const;
  return { type: 'delete', of, id, key, recordName, event };
}

function nameOf({ type, id, instance }: Candidate): string {
  return recordName(type, id, instance);
}

const NOUNS = {
  Identity: 'identity',
  RoleAssignment: 'role assignment',
  FederatedIdentityCredential: 'federated credential',
} as const;

function finish(
  sweep: OrphanSweep,
  facts: Facts,
  { observed, unused }: ObservedRun,
  report: Pick<SweepReport, 'candidates' | 'stops' | 'judged'>,
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

/** Nothing is to be done now. */
function rest(sweep: OrphanSweep, facts: Facts): SweepDecision {
  const status = ownStatus(sweep);
  const next = Date.parse(status.nextRunTime ?? '');
  const nextRunAt = Number.isNaN(next) ? facts.now + RECHECK_OUTSIDE_MS : next;
  return {
    actions: [],
    status,
    summary: restOf(sweep, { ...facts, nextRunAt }, status),
    comeBackAt: Math.min(nextRunAt, facts.renewAt ?? nextRunAt),
  };
}
