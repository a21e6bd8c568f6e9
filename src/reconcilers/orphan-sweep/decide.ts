import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import { isObserved } from '../../api/schema/common.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { summaryOf } from '../status/summary.ts';
import type { Action, Facts, Failed, ObservedRun, OwnStatus, SweepDecision } from './facts.ts';
import { pass, SOON_MS } from './pass.ts';
import type { ClaimWrite } from './run/claim.ts';
import { ownStatus } from './status.ts';
import { loadingSummary, restOf } from './summary.ts';

/** Pure. Between runs of a sweep it says when the next one begins; what is done in a run is decided in `pass.ts`. */
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

/** Before anything is evaluated by them, the records of what was retained are brought up to date. */
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

/** Saved first: a process that continues the run neither begins the limits anew nor evaluates twice in one run. */
function begin(sweep: OrphanSweep, { now }: Facts): SweepDecision {
  const status: OwnStatus = { ...ownStatus(sweep), run: { startedAt: timestamp(now), deleted: 0 } };
  return {
    actions: [{ type: 'saveStatus', status, why: 'a run begins' }],
    status,
    summary: loadingSummary(sweep),
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
