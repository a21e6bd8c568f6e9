import { expect, it } from 'vitest';
import { carryOut, SEQUENCES } from './sequences.fixture.ts';

it(`keeps its promises through ${SEQUENCES} random sequences: the second of every two`, {
  timeout: 1_800_000,
}, async () => {
  expect(await carryOut(1)).toBe(Math.floor(SEQUENCES / 2));
});
