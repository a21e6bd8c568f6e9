import { expect, it } from 'vitest';
import { MARK } from '../../src/azure/names/identity-marks.ts';
import { claimTag } from '../../src/reconcilers/orphan-sweep/run/claim.ts';
import { useStage } from '../support/stage.ts';
import { HOUR, Orphans } from './orphan-stage.ts';

/** A cluster without a sweep, of whose installation another cluster has one that deletes. */

const stage = useStage();
const orphans = new Orphans(stage);

const own = () => stage.world.azure.control.identities({}).find(({ id }) => id.endsWith('/azid-controller'));
const tagName = () => claimTag(stage.inAzure('lives-0')?.tags[MARK.installation] ?? '');
const claimed = () => own()?.tags[tagName()];

async function claimElsewhere(ageMs: number): Promise<void> {
  const at = new Date(stage.world.clock.now() - ageMs).toISOString().slice(0, 19);
  await stage.world.azure.control.arm({
    method: 'PATCH',
    path: `${own()?.id}?api-version=2024-11-30`,
    body: { tags: { ...own()?.tags, [tagName()]: `elsewhere 7 ${at}Z` } },
  });
}

it('makes itself known where the other one claims the installation, and writes nothing where nobody does', async () => {
  await orphans.begin(1);
  const mark = stage.mark;
  await stage.world.pass(3 * HOUR);
  await claimElsewhere(24 * HOUR);
  await stage.world.pass(3 * HOUR);
  expect(stage.writes(mark)).toEqual([]);
  await claimElsewhere(0);
  await stage.world.until(
    'the claim to be answered',
    () => /^(?!elsewhere )\S+ 8 /.test(claimed() ?? ''),
    60_000,
  );
  expect(stage.writes(mark)).toEqual(['PATCH azid-controller']);
  expect(Object.keys(own()?.tags ?? {})).toEqual([tagName()]);
  await stage.world.pass(3 * HOUR);
  expect(stage.writes(mark)).toHaveLength(1);
});
