import { expect, it } from 'vitest';
import { FederationStage, WEB } from '../support/kinds/federation.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

let cluster: Cluster;
let world: World;
let stage: FederationStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new FederationStage(cluster, world);
  await stage.prepare();
  await stage.identity('other');
});

const OTHER = WEB.replace(/web$/, 'other');

it('whoever waits for a pair has it when the first is deleted', async () => {
  await stage.declare('first', { subject: 'job:same' });
  await world.start();
  await stage.settled('first');
  await stage.declare('second', { subject: 'job:same' });
  await stage.settled('second', 'OwnedByAnother');
  await stage.remove('first');
  await stage.settled('second');
  expect((await stage.inAzure()).map(({ name }) => name)).toEqual([expect.stringMatching(/^team-a-second-/)]);
});

it('whoever waits for a pair has it when the first moves to another identity', async () => {
  await stage.declare('first', { subject: 'job:same' });
  await world.start();
  await stage.settled('first');
  await stage.declare('second', { subject: 'job:same' });
  await stage.settled('second', 'OwnedByAnother');
  const begun = world.clock.monotonic();
  await stage.declare('first', { subject: 'job:same', identityRef: { name: 'other' } });
  await world.until('the move', async () => (await stage.inAzure(OTHER)).length === 1);
  await stage.settled('second');
  // By the DELETE, not at the ordinary recheck.
  expect(world.clock.monotonic() - begun).toBeLessThan(60_000);
  await stage.settled('first');
  await world.pass(9 * 60_000);
  expect((await stage.inAzure()).map(({ name }) => name)).toEqual([expect.stringMatching(/^team-a-second-/)]);
});
