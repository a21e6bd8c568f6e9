import { systemClock } from '../../src/runtime/time/clock.ts';

/**
 * The seed of all that `npm test` draws: the same for the same commit, whatever the day, since a check must not fail for the date, unless
 * `AZID_SAMPLE` gives another. `today`: the same for everybody on one day, and in time everything has its turn.
 */
export function seedOfSample(given = process.env.AZID_SAMPLE ?? '1'): number {
  if (given !== 'today') return Number(given);
  return Number(new Date(systemClock.now()).toISOString().slice(0, 10).replaceAll('-', ''));
}
