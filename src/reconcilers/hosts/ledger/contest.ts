import type { HostIdentity } from '../../../api/host-identity.ts';
import { LONGEST_PAUSE_MS } from '../../../api/schema/remembered.ts';
import { type Finding, findCondition } from '../../../runtime/status/conditions.ts';
import { type Line, shortName } from './lines.ts';
import { CONTESTED } from './problems.ts';

/**
 * Another actor takes away what azid attaches: met with growing pauses, not with a loop (docs/guarantees.md G14). It matters
 * most for App Service, where each attach restarts the app.
 */

/** So many times in a row it is given back at once. */
const FREE_LOSSES = 2;
const FIRST_PAUSE_MS = 60_000;
/** Still there so long after it was taken away last: it is over. Longer than the longest pause. */
const CALM_MS = 2 * 3_600_000;
const REMEMBERED_MS = 24 * 3_600_000;

/** The line after the identity was found missing. */
export function withLoss(line: Line, at: string): Line {
  return { ...line, losses: (line.losses ?? 0) + 1, lastLossAt: at };
}

/**
 * Until when it is not given back, wall ms. A loss that lies ahead was recorded before the clock was set back: its
 * pause is over.
 */
export function pausedUntil({ losses = 0, lastLossAt }: Line, now: number): number {
  if (losses <= FREE_LOSSES || lastLossAt === undefined || Date.parse(lastLossAt) > now) return 0;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(losses - FREE_LOSSES - 1, 10));
  return Date.parse(lastLossAt) + pause;
}

/** The line of an identity that is there: what happened long ago is forgotten. */
export function calmed(line: Line, now: number): Line {
  if (line.lastLossAt === undefined || Date.parse(line.lastLossAt) + CALM_MS > now) return line;
  const { losses: _l, lastLossAt: _a, ...rest } = line;
  return rest;
}

/** When the next line of these will be calm, wall ms. */
export function calmAt(lines: Iterable<Line>): number | undefined {
  const times = [...lines].flatMap(({ state, lastLossAt }) =>
    state === 'Attached' && lastLossAt !== undefined ? Date.parse(lastLossAt) + CALM_MS : [],
  );
  return times.length > 0 ? Math.min(...times) : undefined;
}

export function isContested({ losses = 0, lastLossAt }: Line, now: number): boolean {
  return losses > FREE_LOSSES && lastLossAt !== undefined && Date.parse(lastLossAt) + REMEMBERED_MS > now;
}

/** The condition, once there was reason for it. */
export function contestFindings(
  { status }: HostIdentity,
  lines: ReadonlyMap<string, Line>,
  now: number,
): readonly Finding[] {
  const contested = [...lines].filter(([, line]) => isContested(line, now));
  if (contested.length > 0) {
    const names = contested.map(([key, line]) => `${shortName(key, line)} (${line.losses} times)`).join(', ');
    const message = `somebody keeps taking away ${names}; azid gives it back with growing pauses: find out who else manages the identities of this resource`;
    return [{ type: CONTESTED, status: 'True', reason: 'TakenAway', message }];
  }
  if (findCondition(status?.conditions ?? [], CONTESTED)?.status !== 'True') return [];
  return [
    { type: CONTESTED, status: 'False', reason: 'Calm', message: 'nobody takes anything away any more' },
  ];
}
