import {
  type ListedCandidate,
  MAX_LISTED_CANDIDATES,
  MAX_LISTED_RUNS,
  type OrphanSweep,
  type PastRun,
  type SweepRun,
} from '../../api/orphan-sweep.ts';
import type { KeepReason } from '../../orphans/reasons.ts';
import type { Candidate, SweepReport, Verdict } from '../../orphans/report.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { cut } from '../../runtime/status/message.ts';
import type { Checked, ObservedRun, OwnStatus } from './facts.ts';

/** What a status shows of a run. */

/** The kind's own fields as they are stored. */
export function ownStatus({ status = {} }: OrphanSweep): OwnStatus {
  const { candidates, candidatesTotal, unused, run, history, nextRunTime } = status;
  return {
    ...(candidates && { candidates }),
    ...(candidatesTotal !== undefined && { candidatesTotal }),
    ...(unused && { unused }),
    ...(run && { run: { startedAt: run.startedAt, deleted: run.deleted } }),
    ...(history && { history }),
    ...(nextRunTime !== undefined && { nextRunTime }),
  };
}

interface Finished {
  readonly now: number;
  readonly run: SweepRun;
  readonly nextRunAt: number;
  readonly unused: ObservedRun['unused'];
}

/** After the end of a run. */
export function finishedStatus(
  sweep: OrphanSweep,
  { candidates, stops }: Pick<SweepReport, 'candidates' | 'stops'>,
  { now, run, nextRunAt, unused }: Finished,
): OwnStatus {
  const room = candidates.length > MANY ? SHORT : LONG;
  const past: PastRun = {
    startedAt: run.startedAt,
    finishedAt: timestamp(now),
    found: candidates.length,
    deleted: run.deleted,
    kept: candidates.filter(({ verdict }) => verdict.type === 'kept').length,
    ...(stops.length > 0 && { stops: [...new Set(stops.map(({ reason }) => reason))].slice(0, 20) }),
  };
  return {
    candidatesTotal: candidates.length,
    candidates: candidates.slice(0, MAX_LISTED_CANDIDATES).map((each) => listedOf(each, room)),
    ...(unused.length > 0 && {
      unused: unused
        .toSorted((a, b) => a.since - b.since)
        .slice(0, MAX_LISTED_CANDIDATES)
        .map(({ id, since }) => ({ id, since: timestamp(since) })),
    }),
    history: [past, ...(sweep.status?.history ?? [])].slice(0, MAX_LISTED_RUNS),
    nextRunTime: timestamp(nextRunAt),
  };
}

/** An object holds 1.5 MiB: of a thousand candidates with long ids, each has room for so many characters. */
const MANY = 250;
const SHORT = 200;
const LONG = 512;

/** Times are in whole seconds. */
function listedOf(candidate: Candidate, room: number): ListedCandidate {
  const { type, id, reason, owner, ownerUid, since, clearSince, instance, verdict } = candidate;
  return {
    type,
    id,
    reason,
    ...(owner !== undefined && { owner: cut(owner, 400) }),
    ...(ownerUid !== undefined && { ownerUid }),
    since: timestamp(since),
    ...(clearSince !== undefined && { clearSince: timestamp(clearSince) }),
    instance,
    verdict: NAMES[verdict.type],
    message: cut(messageOf(verdict), room),
  };
}

const NAMES = { due: 'Due', waiting: 'Waiting', kept: 'Kept', reported: 'Reported' } as const;

function messageOf(verdict: Verdict): string {
  switch (verdict.type) {
    case 'due':
      return 'is deleted in the next run, or when the stops that the status tells of are over';
    case 'waiting':
      return `is deleted after ${timestamp(verdict.until)}, if nothing changes until then`;
    case 'kept':
    case 'reported':
      return verdict.why;
  }
}

/** Nothing was observed that keeps it: its time goes on. */
const MAY_PASS: ReadonlySet<KeepReason> = new Set([
  'Unreadable',
  'Stopped',
  'UseUnknown',
  'ReadsTooOld',
  'LeftoversFirst',
]);

/** What was kept after a read of Azure itself counts as such; what hung on it then may hang on it again, so its time begins anew. */
export function withChecked(
  candidates: readonly Candidate[],
  checked: ReadonlyMap<string, Checked>,
): readonly Candidate[] {
  return candidates.flatMap((candidate) => {
    const check = checked.get(candidate.key);
    if (!check || candidate.verdict.type !== 'due') return [candidate];
    if (check.type === 'absent') return [];
    const { clearSince, ...rest } = candidate;
    const mayPass = MAY_PASS.has(check.because);
    return [
      {
        ...rest,
        ...(mayPass && clearSince !== undefined && { clearSince }),
        verdict: { type: 'kept', because: check.because, why: check.why },
      },
    ];
  });
}
