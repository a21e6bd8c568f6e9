import { expect, it } from 'vitest';
import { conditionOf, GrantStage, RG1, SUB } from '../support/kinds/grants.ts';
import type { World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let world: World;
let stage: GrantStage;
useWorld(async (own) => {
  ({ world } = own);
  stage = new GrantStage(own.cluster, world);
  await stage.prepare();
});

/** Reader in rg1, then by an edit in the subscription, while rg1 is locked: the old one cannot go (`RemovalBlocked`), Ready. */
async function movedAwayFromALock(): Promise<string> {
  await stage.declare('read');
  await world.start({ releaseAfterMs: 3_600_000 });
  await stage.ready('read');
  world.azure.control.lock({ scope: RG1, level: 'CanNotDelete' });
  await stage.declare('read', { scope: SUB });
  await stage.ready('read', 'Granted', (each) => conditionOf(each, 'RemovalBlocked')?.status === 'True');
  return stage.principal();
}
const scopes = async (principal: string) =>
  (await stage.assignments(principal)).map(({ properties }) => properties.scope.toLowerCase()).toSorted();

it('what was replaced stays under its lock beside what it is granted now', async () => {
  const principal = await movedAwayFromALock();
  expect(await scopes(principal)).toEqual([SUB, RG1].map((each) => each.toLowerCase()));
});

it('a lock on what a grant had before does not keep what it has now, when it is deleted', async () => {
  const principal = await movedAwayFromALock();
  await stage.delete('read');
  await world.pass(30 * 60_000);
  expect(await scopes(principal)).toEqual([RG1.toLowerCase()]);
});

it('after the wait only what was refused is left behind', async () => {
  const principal = await movedAwayFromALock();
  await stage.delete('read');
  for (let hour = 0; hour < 3; hour++) await world.pass(60 * 60_000);
  await stage.gone('read');
  expect(await scopes(principal)).toEqual([RG1.toLowerCase()]);
});
