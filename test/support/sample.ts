import { isFull } from '../../src/runtime/volume.fixture.ts';
import { seeded } from './crash/seeded.ts';
import { seedOfSample } from './sample-seed.ts';

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
