import { expect, it } from 'vitest';
import { carryOut, failureOf, SEQUENCES } from './sequences.fixture.ts';
import type { Step } from './steps.fixture.ts';
import { VMS } from './world.fixture.ts';

it('keeps the line of a write whose answer was lost while Azure is still at it', async () => {
  const steps: readonly Step[] = [
    { do: 'refuse', how: 'lost-after' },
    { do: 'attach', who: 'a0', what: 'app0', retain: false, adopt: false },
    { do: 'pass', ms: 7_000 },
    { do: 'detach', who: 'a0' },
  ];
  expect(await failureOf({ seed: 0, type: VMS, steps })).toBeUndefined();
});

it(`keeps its promises through ${SEQUENCES} random sequences: the first of every two`, {
  timeout: 1_800_000,
}, async () => {
  expect(await carryOut(0)).toBe(Math.ceil(SEQUENCES / 2));
});
