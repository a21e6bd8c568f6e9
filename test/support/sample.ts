import { systemClock } from '../../src/runtime/time/clock.ts';
import { isFull } from '../../src/runtime/volume.fixture.ts';
import { sampleOfToday } from './crash/plans.ts';
import { seeded } from './crash/seeded.ts';

/** The seed of all that `npm test` draws: the same for the same commit, unless `AZID_SAMPLE` says otherwise. */
function seedOfSample(given = process.env.AZID_SAMPLE ?? '1'): number {
  return given === 'today' ? sampleOfToday(systemClock) : Number(given);
}

/**
 * Of rows that are many and alike, as many as `npm test` carries out, in their order; all of them in full.
 *
 * @param of what they are rows of: each table draws by itself
 */
export function sampleOf<T>(rows: readonly T[], atMost: number, of: string): readonly T[] {
  if (isFull || rows.length <= atMost) return rows;
  const random = seeded([...of].reduce((sum, char) => sum * 31 + char.charCodeAt(0), seedOfSample()));
  const left = rows.map((_, at) => at);
  const drawn = new Set(
    Array.from({ length: atMost }, () => left.splice(Math.floor(random() * left.length), 1)[0]),
  );
  return rows.filter((_, at) => drawn.has(at));
}
