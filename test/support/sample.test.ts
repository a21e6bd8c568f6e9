import { describe, expect, it } from 'vitest';
import { isFull } from '../../src/runtime/volume.fixture.ts';
import { sampleOf } from './sample.ts';

const rows = Array.from({ length: 12 }, (_, at) => at);

describe.skipIf(isFull)('a sample of rows', () => {
  it('has as many as asked for, in their order, and the same each time', () => {
    const sample = sampleOf(rows, 5, 'a table');
    expect(sample).toHaveLength(5);
    expect(sample).toEqual(sample.toSorted((a, b) => a - b));
    expect(sampleOf(rows, 5, 'a table')).toEqual(sample);
  });

  it('is all of few', () => {
    expect(sampleOf(rows, 12, 'a table')).toEqual(rows);
  });

  it('is another one for another table, so that no row is left out of all of them', () => {
    const drawn = rows.map((table) => sampleOf(rows, 4, `table ${table}`));
    expect(new Set(drawn.flat())).toEqual(new Set(rows));
  });
});
