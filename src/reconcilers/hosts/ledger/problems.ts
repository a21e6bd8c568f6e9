import { LONGEST_PAUSE_MS } from '../../../api/schema/remembered.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import { cut } from '../../../runtime/status/message.ts';
import type { Line } from './lines.ts';

/** Why one identity cannot be attached or detached now. It fails alone, with its own back-off (docs/guarantees.md G7). */

export const IDENTITY_NOT_FOUND = 'IdentityNotFound';
/** It was made again and waits for its slot to be attached anew. */
export const IDENTITY_RECYCLED = 'IdentityRecycled';
/** Another tool took it away, and it waits for its slot to be given back. */
export const TAKEN_AWAY = 'TakenAway';
export const CONTESTED = 'Contested';
/** Its dead entry makes Azure refuse every write to the host: it is taken off, though objects want it. */
export const DEAD_IN_THE_WAY = 'DeadInTheWay';
/** It is there without rights, and azid did not attach it. */
export const DEAD_ON_HOST = 'DeadIdentityOnHost';
/** The resource names it elsewhere, and would fail there without it. */
export const IN_USE = 'InUseByResource';
export const RESERVED_IDENTITY = 'ReservedIdentity';

const FIRST_MS = 60_000;
/** No attempts at writing: a user may mend them at any time, and a read is cheap. */
const READ_OFTEN: ReadonlySet<string> = new Set([
  IDENTITY_NOT_FOUND,
  IDENTITY_RECYCLED,
  TAKEN_AWAY,
  DEAD_ON_HOST,
  IN_USE,
]);
const OFTEN_MS = 5 * 60_000;

export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

/** The same trouble found again before its time is up is not another attempt. */
export function withProblem(line: Line, { reason, message }: Trouble, now: number): Line {
  const { problem } = line;
  const held = problem?.reason === reason;
  // Another use is reported at once, since a user who confirms must name all of them.
  const isNews = reason === IN_USE && problem?.message !== cut(message);
  if (held && !isNews && isHeldBack(line, now)) return line;
  const attempts = held ? problem.attempts + 1 : 1;
  const notBefore = timestamp(now + pauseOf({ reason, attempts }));
  return { ...line, problem: { reason, message: cut(message), attempts, notBefore } };
}

function pauseOf({ reason, attempts }: Pick<NonNullable<Line['problem']>, 'reason' | 'attempts'>): number {
  // Its pause is by how often it was taken away.
  if (reason === CONTESTED) return LONGEST_PAUSE_MS;
  const longest = READ_OFTEN.has(reason) ? OFTEN_MS : LONGEST_PAUSE_MS;
  return Math.min(longest, FIRST_MS * 2 ** Math.min(attempts - 1, 10));
}

export function withoutProblem({ problem: _, ...line }: Line): Line {
  return line;
}

/**
 * What azid itself concludes from the resource as it is, before any write (`planWrite`): concluding anew costs nothing,
 * and a verdict whose cause was read to be gone must not outlive it (docs/guarantees.md G26).
 */
const OWN_VERDICTS: ReadonlySet<string> = new Set([
  'CombinedNotSupported',
  'HiddenSecrets',
  IN_USE,
  'ReplaceNotAllowed',
  'SystemAssignedNotSupported',
  'TooManyIdentities',
]);

export function isOwnVerdict({ problem }: Line): boolean {
  return problem !== undefined && OWN_VERDICTS.has(problem.reason);
}

/**
 * Not to be tried again yet. A pause with much more left than it ever had was recorded before
 * the wall clock was set back: how long it has lasted is not known, and to be too early costs one attempt.
 */
export function isHeldBack({ problem }: Line, now: number): boolean {
  if (!problem) return false;
  const leftMs = Date.parse(problem.notBefore) - now;
  return leftMs > 0 && leftMs <= 2 * pauseOf(problem);
}

/** When the next of these may be tried, wall ms. One whose time has come and was not tried waits for something else. */
export function nextAttemptAt(lines: Iterable<Line>, now: number): number | undefined {
  const times = [...lines]
    .filter((line) => isHeldBack(line, now))
    .flatMap(({ problem }) => (problem ? Date.parse(problem.notBefore) : []));
  return times.length > 0 ? Math.min(...times) : undefined;
}
