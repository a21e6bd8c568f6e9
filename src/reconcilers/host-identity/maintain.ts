import { hasFinalizer } from '../../api/schema/common.ts';
import type { AzureHost } from '../../azure/hosts/host.ts';
import { isSettled } from '../../azure/hosts/read/read-host.ts';
import type { HostCapability } from '../../azure/hosts/types/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Failure, ReconcileEvent, Summary } from '../decision.ts';
import { claimsByIdentity } from '../hosts/claims/by-identity.ts';
import { contestFindings } from '../hosts/ledger/contest.ts';
import { type Line, linesOf, SYSTEM } from '../hosts/ledger/lines.ts';
import { withProblem } from '../hosts/ledger/problems.ts';
import { stalledOutside, summaryOf } from '../status/summaries.ts';
import { usesOn } from './detach/in-use.ts';
import type { Action, Facts, HostDecision, HostIdentity, ObservedHost, OwnStatus } from './facts.ts';
import { judge } from './identity/judge.ts';
import { type Change, shownOn, withState } from './identity/judged.ts';
import { finalizer, ownStatus, sameStatus, withLines } from './own.ts';
import { movedEvent, takenFrom, withBequests } from './repair/moved.ts';
import { recycledEvent, recycledSince } from './repair/recycled.ts';
import { summaryOfHost } from './standing.ts';
import { type Batch, batchAfter, batchWaitMs, isMoreDue } from './write/batch.ts';
import { intended, writeOf } from './write/intent.ts';
import { LONGEST_OPERATION_MS } from './write/memory.ts';
import { afterRefusal, withoutFresh } from './write/refusals.ts';
import { planWrite, type WritePlan } from './write/write.ts';

/**
 * A resource that shows no end of what it is at for so long is written to all the same (docs/guarantees.md G15). Longer than any
 * operation is known to take: a write that comes in between is refused, or ends somebody's operation.
 */
export const BUSY_MS = LONGEST_OPERATION_MS;

/** Whoever was due and got no slot enqueues nobody. */
const LOOK_DUE_MS = 1_000;

/** More in one reconcile are left to the next: each write is a round of the reconciler, and others wait for the worker. */
const MAX_WRITES = 4;

type Present = Extract<ObservedHost, { state: 'present' }>;

interface Survey {
  readonly lines: ReadonlyMap<string, Line>;
  readonly changes: readonly Change[];
  readonly events: readonly ReconcileEvent[];
  readonly pending: boolean;
  readonly failure: Failure | undefined;
}

/** The host is there: each identity is judged by itself, and what is to change is written for all at once. */
export function maintain(
  object: HostIdentity,
  status: OwnStatus,
  view: Present,
  capability: HostCapability,
  facts: Facts,
): HostDecision {
  const { host } = view;
  const { refusal, window, writes } = facts;
  const settled = isSettled(host) || facts.busyMs >= BUSY_MS;
  const ledger = withoutFresh(linesOf(status), facts.unsent ?? []);
  const before = withBequests(ledger, status, facts.bequests);
  const judgement = refusal ? afterRefusal(before, refusal, host, facts) : { lines: before };
  const survey = surveyOf(judgement.lines, status, view, settled, facts);
  const { changes } = survey;
  const base = statusOf(object, status, host, facts, survey);
  const conditions = contestFindings(object, survey.lines, facts.now);
  const finish = (lines: ReadonlyMap<string, Line>, summary: Summary, looks = false): HostDecision => {
    const next = withUnproven(object, withLines(base, lines), status);
    return { actions: told(object, next, lines, survey.events), status: next, summary, conditions, looks };
  };

  if (judgement.stop) return finish(survey.lines, judgement.stop);
  // Read anew and refused again, each time: not a race any more.
  if (refusal?.failure.reason === 'ChangedMeanwhile' && writes >= MAX_WRITES)
    return finish(survey.lines, summaryOf(refusal.failure));
  const busy = !settled && (changes.length > 0 || survey.pending);
  const held = busy || window.blockedMs > 0 || writes >= MAX_WRITES;
  // What cannot be written now waits for more without being counted; what follows a write goes at once.
  const batch = held ? undefined : writes > 0 ? facts.batch : batchAfter(facts.batch, changes, facts.now);
  if (batch && writes === 0) {
    const isDue = isMoreDue(facts.claims, host);
    const waitMs = batchWaitMs(batch, isDue, facts.now);
    if (waitMs > 0) return hold(status, host, batch, isDue ? Math.min(LOOK_DUE_MS, waitMs) : waitMs);
  }
  const plan: WritePlan = held ? { troubles: new Map() } : planWrite(changes, view, capability, facts);
  const lines = withTroubles(survey.lines, plan, facts.now);
  if (plan.refused) return finish(lines, stalledOutside(plan.refused.reason, plan.refused.message));
  if (plan.write) {
    const intent = intended(lines, plan.write);
    const write = writeOf(plan.write, view, capability, lines, facts);
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
  const stand = {
    hostId: host.id,
    lines,
    pending: survey.pending,
    busy,
    left: held && changes.length > 0,
    failure: survey.failure,
    unproven: withUnproven(object, withLines(base, lines), status).unproven?.length ?? 0,
  };
  return finish(lines, summaryOfHost(stand, facts), survey.pending || busy || stand.left);
}

/** Nothing is looked at, told or written down before its time: the ledger changes with the write. */
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

function surveyOf(
  lines: ReadonlyMap<string, Line>,
  status: OwnStatus,
  { host, model }: Present,
  settled: boolean,
  facts: Facts,
): Survey {
  const claims = claimsByIdentity(facts.claims);
  const recycled = recycledSince(status, host);
  const next = new Map<string, Line>();
  const changes: Change[] = [];
  const taken = takenFrom(status, facts);
  const events: ReconcileEvent[] = [
    ...(recycled ? [recycledEvent(host)] : []),
    ...(taken === undefined ? [] : [movedEvent(taken, host.id)]),
  ];
  let pending = false;
  let failure: Failure | undefined;
  for (const key of new Set([...lines.keys(), ...claims.wants.keys()])) {
    const judged = judge({
      key,
      line: lines.get(key),
      wants: claims.wants.get(key) ?? [],
      shown: shownOn(host, key),
      facts,
      host,
      claims,
      recycled,
      settled,
      uses: model ? usesOn(model, host.identity, key) : [],
      // Most say so themselves; of the others only a write that was refused tells.
      atWork: !isSettled(host) || (facts.conflicted && host.provisioningState === undefined),
    });
    if (judged.line) next.set(key, judged.line);
    if (judged.change) changes.push(judged.change);
    events.push(...(judged.events ?? []));
    pending ||= judged.pending ?? false;
    failure ??= judged.failure;
  }
  return { lines: next, changes, events, pending, failure };
}

/** What the ledger says of the host itself. The mark of an open write stays until nothing it did can come as a surprise. */
function statusOf(
  { spec }: HostIdentity,
  status: OwnStatus,
  host: AzureHost,
  facts: Facts,
  { lines, pending }: Survey,
): OwnStatus {
  const { window } = facts;
  // It is there: nobody takes its ledger over.
  const { writeStartedAt, movedTo: _, ...rest } = status;
  const movedFrom = takenFrom(status, facts);
  const instance = host.instance ?? status.instance;
  const open = writeStartedAt !== undefined && (window.openMs > 0 || pending) && !hasLanded(status, lines);
  return {
    ...rest,
    hostId: host.id === '' ? spec.resourceId : host.id,
    ...(instance !== undefined && { instance }),
    ...(open && { writeStartedAt }),
    ...(movedFrom !== undefined && { movedFrom }),
  };
}

/** All that the write was to add is there: it has taken effect, whoever sent it. A removal may still come later. */
function hasLanded(status: OwnStatus, now: ReadonlyMap<string, Line>): boolean {
  const begun = [...linesOf(status)].filter(
    ([, { state }]) => state === 'Attaching' || state === 'Detaching',
  );
  return (
    begun.length > 0 &&
    begun.every(([key, { state }]) => state === 'Attaching' && now.get(key)?.state === 'Attached')
  );
}

/**
 * A finalizer and no ledger: the object was restored without its status. What is attached is kept, and named as what can
 * no longer be proven, until it is gone, taken over, or not wanted any more.
 */
function withUnproven(object: HostIdentity, next: OwnStatus, before: OwnStatus): OwnStatus {
  const { unproven: _, ...rest } = next;
  const lost = before.hostId === undefined && hasFinalizer(object);
  const named = new Set((before.unproven ?? []).map((id) => (id === SYSTEM ? SYSTEM : armKey(id))));
  const doubtful = [...linesOf(next)]
    .filter(([key, { owned, state }]) => !owned && state === 'Attached' && (lost || named.has(key)))
    .map(([key, { identityId }]) => identityId ?? key);
  return doubtful.length > 0 ? { ...rest, unproven: doubtful } : rest;
}

function withTroubles(
  lines: ReadonlyMap<string, Line>,
  { troubles }: WritePlan,
  now: number,
): ReadonlyMap<string, Line> {
  const next = new Map(lines);
  for (const [key, trouble] of troubles) {
    const line = next.get(key);
    if (!line) continue;
    const refused = line.state === 'Attaching' ? withState(line, 'Refused', now) : line;
    next.set(key, withProblem(refused, trouble, now));
  }
  return next;
}

/** What was found out is told once: the status remembers that it was. */
function told(
  object: HostIdentity,
  status: OwnStatus,
  lines: ReadonlyMap<string, Line>,
  events: readonly ReconcileEvent[],
): readonly Action[] {
  const holds = finalizer(object, lines);
  // A note that the status would not remember would be told for ever.
  if (sameStatus(status, ownStatus(object))) return holds;
  // An empty ledger is judged once more: it may be its end, of which nothing else would remind azid.
  const emptied = lines.size === 0 && linesOf(ownStatus(object)).size > 0;
  if (events.length === 0 && !emptied) return holds;
  return [
    { type: 'saveStatus', status, why: 'what was found out is told once' },
    ...events.map((event): Action => ({ type: 'recordEvent', event })),
    ...holds,
  ];
}
