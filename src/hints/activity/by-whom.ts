import { type Call, timeOf } from './call.ts';

/**
 * Who changed something behind azid's back. Pure. Only a caller on record is named: a change that nothing reported,
 * or that was long ago, stays unnamed.
 */

/** How what azid finds came about: it was removed, it was changed, or something on it was taken away by a write to it. */
export type Changed = 'removed' | 'changed' | 'written';

/**
 * A call of longer ago has nothing to do with what is found now: lists and records show a change within the hour,
 * credentials within six.
 */
export const WITHIN_MS = 24 * 3_600_000;

const CHANGES: Readonly<Record<Changed, readonly Call['change'][]>> = {
  removed: ['delete'],
  changed: ['write'],
  written: ['write', 'delete'],
};

const VERBS: Readonly<Record<Changed, string>> = {
  removed: 'removed in Azure by',
  changed: 'last changed in Azure by',
  written: 'last written to in Azure by',
};

/**
 * The last foreign call that succeeded, that could have done it, and that came after azid's own last write there.
 *
 * @param now wall ms
 * @param since azid wrote there then, wall ms, as far as the caller has it
 */
export function culpritOf(calls: readonly Call[], how: Changed, now: number, since = 0): Call | undefined {
  const own = Math.max(since, ownLast(calls));
  const [last] = calls
    .filter((each) => !each.own && each.result === 'Succeeded' && CHANGES[how].includes(each.change))
    .filter((each) => timeOf(each) >= own && each.at <= now && now - each.at <= WITHIN_MS)
    .sort((left, right) => timeOf(right) - timeOf(left));
  return last?.caller === undefined ? undefined : last;
}

/** When azid last wrote there, wall ms; 0: not as far as is known. */
export function ownLast(calls: readonly Call[]): number {
  return Math.max(0, ...calls.filter(({ own }) => own).map(timeOf));
}

/** In words, after "it was": `removed in Azure by alice@contoso.com at 12:03 UTC, correlation id …`. */
export function byWhom({ caller, operation, at, correlationId }: Call, how: Changed, now: number): string {
  const correlated = correlationId === undefined ? '' : `, correlation id ${correlationId}`;
  const verb = /\/resourceGroups\/delete$/i.test(operation)
    ? 'removed with its resource group in Azure by'
    : VERBS[how];
  return `${verb} ${caller} at ${timeOfDay(at, now)} UTC${correlated}`;
}

/** With the day where that is not today. */
function timeOfDay(at: number, now: number): string {
  const [day, time = ''] = new Date(at).toISOString().split('T');
  const [today] = new Date(now).toISOString().split('T');
  const minutes = time.slice(0, 5);
  return day === today ? minutes : `${day} ${minutes}`;
}
