import type { OrphanSweep } from '../../api/orphan-sweep.ts';
import type { ObservedArea } from '../../orphans/observed.ts';
import type { Stop } from '../../orphans/report.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { Summary } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';
import type { Facts, OwnStatus } from './facts.ts';

/** The summary and the condition Stopped of a sweep. */

export const NO_ORPHANS = 'NoOrphans';
export const ORPHANS_FOUND = 'OrphansFound';
export const SCOPE_TAKEN = 'ScopeTaken';
export const SCOPE_INCOMPLETE = 'ScopeIncomplete';
/** Of the condition Stopped. */
export const NOTHING_STOPS = 'NothingStops';

const AGAIN_MS = 5_000;

type Resting = Facts & { readonly nextRunAt: number };

/** A run is to begin, or waits for lists: what was reported of the one before stays. */
export function loadingSummary(sweep: OrphanSweep, why?: string): Summary {
  return {
    state: 'progressing',
    reason: 'Observing',
    message: why ?? 'looking at what is in Azure',
    againMs: why === undefined ? 0 : AGAIN_MS,
    keep: sweep.status?.observedGeneration === sweep.metadata.generation,
  };
}

/** The same at each deletion but every tenth: a status that lists a thousand candidates is large, and is written whole. */
export function deletingSummary(deleted: number, most: number, againMs: number): Summary {
  return {
    state: 'ready',
    reason: 'Deleting',
    message: `deleting orphans, one every few seconds: ${deleted} or more in this run, of at most ${most}`,
    nextMs: Math.max(1, againMs),
  };
}

/** After a run. */
export function atRest(
  { scopes, now, nextRunAt, spec }: Resting,
  { candidates = [], candidatesTotal = 0, history = [] }: OwnStatus,
  { incomplete, stops }: { readonly incomplete: readonly ObservedArea[]; readonly stops: readonly Stop[] },
): Summary {
  const [taken] = scopes.taken;
  if (taken) return takenSummary(taken);
  const [area] = incomplete;
  if (area)
    return stalledOutside(
      SCOPE_INCOMPLETE,
      `scope ${area.scope} is not known completely, so nothing in it is deleted: ${area.why ?? area.state}`,
    );
  const stop = spec.mode === 'Delete' && stops.find(({ reason }) => FOR_PEOPLE.has(reason));
  if (stop) return stalledOutside(stop.reason, stop.message);
  return found(candidates, candidatesTotal, history[0]?.deleted ?? 0, nextRunAt - now);
}

/** What lasts until a person acts; all else passes by itself, and the condition Stopped reports it. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['OwnersVanished', 'ClaimedElsewhere', 'ClusterRestored']);

function found(
  candidates: NonNullable<OwnStatus['candidates']>,
  total: number,
  deleted: number,
  nextMs: number,
): Summary {
  const gone = deleted > 0 ? `; ${deleted} were deleted` : '';
  if (total === 0)
    return { state: 'ready', reason: NO_ORPHANS, message: `no orphans${gone}`, nextMs: Math.max(1, nextMs) };
  const counts = (['Due', 'Waiting', 'Kept', 'Reported'] as const).flatMap((verdict) => {
    const count = candidates.filter((each) => each.verdict === verdict).length;
    return count > 0 ? [`${count} ${verdict.toLowerCase()}`] : [];
  });
  const message = `${total} found: ${counts.join(', ')}${gone}; see status.candidates`;
  return { state: 'ready', reason: ORPHANS_FOUND, message, nextMs: Math.max(1, nextMs) };
}

function takenSummary({ scope, by }: { readonly scope: string; readonly by: string }): Summary {
  return stalledInside(
    SCOPE_TAKEN,
    `OrphanSweep ${by} looks at ${scope}; it is older; take the scope out of one of the two`,
  );
}

/** Between two runs: as the last one left it. */
export function restOf(sweep: OrphanSweep, facts: Resting, status: OwnStatus): Summary {
  const [taken] = facts.scopes.taken;
  if (sweep.metadata.deletionTimestamp)
    return { state: 'deleting', message: 'nothing of it is in Azure', againMs: AGAIN_MS };
  if (taken) return takenSummary(taken);
  const nextMs = Math.max(1, facts.nextRunAt - facts.now);
  const ready = sweep.status?.conditions?.find(({ type }) => type === 'Ready');
  const stalled = sweep.status?.conditions?.find(({ type }) => type === 'Stalled');
  if (ready?.status === 'False' && stalled && ready.reason !== SCOPE_TAKEN)
    return { state: 'stalled', reason: ready.reason, message: ready.message, recheckMs: nextMs };
  return found(
    status.candidates ?? [],
    status.candidatesTotal ?? 0,
    status.history?.[0]?.deleted ?? 0,
    nextMs,
  );
}

export function stoppedCondition(stops: readonly Stop[]): Finding {
  const type = 'Stopped';
  const [stop, ...others] = stops;
  if (!stop)
    return { type, status: 'False', reason: NOTHING_STOPS, message: 'nothing keeps a run from deleting' };
  const more = others.map(({ reason, message }) => `; ${reason}: ${message}`).join('');
  return { type, status: 'True', reason: stop.reason, message: `${stop.message}${more}` };
}
