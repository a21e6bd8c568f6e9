import type { HostCapability } from '../../azure/hosts/capabilities.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { isSettled } from '../../azure/hosts/read/read-host.ts';
import type { ReconcileEvent, Summary } from '../decision.ts';
import { contestFindings } from '../hosts/ledger/contest.ts';
import { type Line, linesOf } from '../hosts/ledger/lines.ts';
import { ownStatusOf, stalledOutside, summaryOf } from '../status/summary.ts';
import { withFormerLedgers } from './absence.ts';
import type { Action, Facts, HostDecision, HostIdentity, ObservedHost, OwnStatus } from './facts.ts';
import { surveyOf } from './identity/survey.ts';
import { finalizer, sameStatus, statusOf, withLines, withTroubles, withUnproven } from './status.ts';
import { summaryOfHost } from './summary.ts';
import { type Batch, batchAfter, batchWaitMs, isMoreDue } from './write/batch.ts';
import { LONGEST_OPERATION_MS } from './write/memory.ts';
import { intended, planWrite, type WritePlan, writeOf } from './write/plan.ts';
import { afterRefusal, withoutFresh } from './write/refusals.ts';

/**
 * A resource that shows no end of what it is at for so long is written to all the same (docs/guarantees.md G15). Longer than any
 * operation is known to take: a write that comes in between is refused, or ends another operation.
 */
export const BUSY_MS = LONGEST_OPERATION_MS;

/** An object that was due and got no slot does not enqueue the host. */
const READ_DUE_MS = 1_000;

/** More in one reconcile are left to the next: each write is a round of the reconciler, and others wait for the worker. */
const MAX_WRITES = 4;

type Present = Extract<ObservedHost, { state: 'present' }>;

/** The host is there: each identity is decided by itself, and what is to change is written for all at once. */
export function maintain(
  object: HostIdentity,
  status: OwnStatus,
  observed: Present,
  capability: HostCapability,
  facts: Facts,
): HostDecision {
  const { host } = observed;
  const { refusal, window, writes } = facts;
  const settled = isSettled(host) || facts.busyMs >= BUSY_MS;
  const ledger = withoutFresh(linesOf(status), facts.unsent ?? []);
  const before = withFormerLedgers(ledger, status, facts.formerLedgers);
  const start = refusal ? afterRefusal(before, refusal, host, facts) : { lines: before };
  const survey = surveyOf(start.lines, status, observed, settled, facts);
  const { changes } = survey;
  const base = statusOf(object, status, host, facts, survey);
  const conditions = contestFindings(object, survey.lines, facts.now);
  const finish = (lines: ReadonlyMap<string, Line>, summary: Summary, restsOnHost = false): HostDecision => {
    const next = withUnproven(object, withLines(base, lines), status);
    return {
      actions: reportActions(object, next, lines, survey.events),
      status: next,
      summary,
      conditions,
      restsOnHost,
    };
  };

  if (start.stop) return { ...finish(survey.lines, start.stop), ...kept(facts) };
  // Read anew and refused again, each time: not a race any more.
  if (refusal?.failure.reason === 'ChangedMeanwhile' && writes >= MAX_WRITES)
    return { ...finish(survey.lines, summaryOf(refusal.failure)), ...kept(facts) };
  const busy = !settled && (changes.length > 0 || survey.pending);
  const held = busy || window.blockedMs > 0 || writes >= MAX_WRITES;
  // What cannot be written now waits for more without being counted; what follows a write, or waited for its turn, goes at once.
  const open = held ? undefined : facts.isTried ? facts.batch : batchAfter(facts.batch, changes, facts.now);
  const isDue = isMoreDue(facts.claims, host);
  const waitMs = open && !facts.isTried ? batchWaitMs(open, isDue, facts.now) : 0;
  // Nothing was read for it.
  const { unreadable } = object.status ?? {};
  const unread = { ...status, ...(unreadable && { unreadable }) };
  if (open && waitMs > 0) return hold(unread, host, open, isDue ? Math.min(READ_DUE_MS, waitMs) : waitMs);
  const batch: Batch | undefined = open && { ...open, isClosed: true };
  const plan: WritePlan = held ? { troubles: new Map() } : planWrite(changes, observed, capability, facts);
  const lines = withTroubles(survey.lines, plan.troubles, facts.now);
  if (plan.refused) {
    const { reason, message } = plan.refused;
    return { ...finish(lines, stalledOutside(reason, message)), ...kept(facts) };
  }
  if (plan.write) {
    const intent = intended(lines, plan.write);
    const write = writeOf(plan.write, observed, capability, lines, facts);
    const next = withUnproven(object, { ...withLines(base, intent), writeStartedAt: write.begun }, status);
    return {
      actions: [
        {
          type: 'saveStatus',
          status: next,
          why: 'what azid is about to write must be known before it is written',
        },
        ...survey.events.map((event): Action => ({ type: 'recordEvent', event })),
        ...finalizer(object, intent),
        write,
      ],
      status: next,
      summary: { state: 'progressing', reason: 'Writing', message: write.event.message, againMs: 1_000 },
      conditions,
      ...(batch && { batch }),
    };
  }
  const result = {
    hostId: host.id,
    lines,
    pending: survey.pending,
    busy,
    left: held && changes.length > 0,
    failure: survey.failure,
    awaited: survey.awaited,
    unproven: withUnproven(object, withLines(base, lines), status).unproven?.length ?? 0,
  };
  const end = finish(lines, summaryOfHost(result, facts), survey.pending || busy || result.left);
  return batch ? { ...end, batch } : end;
}

/** What failed has waited, and is tried again as its back-off says: another window would begin that anew. */
export function kept({ batch }: Facts): Pick<HostDecision, 'batch'> {
  return batch ? { batch } : {};
}

/** Nothing is read, reported or recorded before its time: the ledger changes with the write. */
function hold(status: OwnStatus, { id }: AzureHost, batch: Batch, againMs: number): HostDecision {
  const message = `what is to be written to ${id} goes out in one write`;
  return {
    actions: [],
    status,
    summary: { state: 'progressing', reason: 'Writing', message, againMs, keep: true },
    batch,
    isHeld: true,
  };
}

/** A finding is reported once: the status remembers that it was. */
function reportActions(
  object: HostIdentity,
  status: OwnStatus,
  lines: ReadonlyMap<string, Line>,
  events: readonly ReconcileEvent[],
): readonly Action[] {
  const holds = finalizer(object, lines);
  // An Event that the status would not remember would be published at each reconcile.
  if (sameStatus(status, ownStatusOf(object))) return holds;
  // An empty ledger is decided on once more: it may be its end, of which nothing else would remind azid.
  const emptied = lines.size === 0 && linesOf(ownStatusOf(object)).size > 0;
  if (events.length === 0 && !emptied) return holds;
  return [
    { type: 'saveStatus', status, why: 'a finding is reported once' },
    ...events.map((event): Action => ({ type: 'recordEvent', event })),
    ...holds,
  ];
}
