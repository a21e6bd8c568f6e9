import { expect, it } from 'vitest';
import { twoTeams } from '../support/load/two-teams.ts';
import { WorkPace } from '../support/load/work-pace.ts';
import { useStage } from '../support/stage.ts';

/** Azure as it is, with its buckets and lags; turns and calls are counted, on simulated time (docs/guarantees.md G24). */
const stage = useStage({ preset: 'honest', pace: (clock) => new WorkPace(clock) });

it('200 identities of one team delay the edit and the new object of another by a turn', async () => {
  const seen = await twoTeams(stage.cluster, stage.world, 200);
  // The backlog stood all the time: its rate limit lets 1.8 through in a second.
  expect(seen.madeAtEdit).toBeLessThan(150);
  expect(seen.callsBeforeEdit).toBeLessThanOrEqual(5);
  expect(seen.madeAtCondition - seen.madeAtEdit).toBeLessThanOrEqual(2);
  expect(seen.editMs).toBeLessThanOrEqual(1_000);
  expect(seen.conditionMs).toBeLessThanOrEqual(1_000);
  // One turn in the provider's line of writes, and Azure's own time to answer.
  expect(seen.patchMs).toBeLessThanOrEqual(5_000);
}, 600_000);
