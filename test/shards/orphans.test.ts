import { expect, it } from 'vitest';
import { HOME_SHARD } from '../../src/api/schema/shard.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { KubeObject, Resource } from '../../src/kube/types.ts';
import { CLAIMED, DELETING, Orphans } from '../orphans/orphan-stage.ts';
import { SUB } from '../support/kinds/hosts.ts';
import { Stage } from '../support/stage.ts';
import { BLUE, useShards } from './shard-stage.ts';

const shards = useShards();

const orphansOf = (namespace: string): Orphans => {
  const stage = new Stage();
  stage.cluster = shards.cluster;
  stage.world = shards.world;
  stage.namespace = namespace;
  return new Orphans(stage);
};
const inBlue = () =>
  shards.world.azure.control
    .identities({})
    .filter(({ id }) => /\/rg2\//i.test(id))
    .map(({ name }) => name)
    .toSorted();

it('a sweep of the shard default takes nothing that another shard’s objects have, also while that is down or its namespace moves', async () => {
  const orphans = orphansOf('team-home');
  await orphans.allow();
  await orphans.unclaimed();
  await shards.start(HOME_SHARD);
  const blue = await shards.start(BLUE);
  await shards.blue.identity('stays', { deletionPolicy: 'Retain' });
  await shards.blue.identity('lost');
  for (const name of ['app', 'stays', 'lost'])
    await shards.blue.reach(
      () => shards.blue.userIdentity(name),
      `${name} to be there`,
      ({ status }) => status?.principalId !== undefined,
    );
  await orphans.sweep({ ...DELETING, scopes: [`${SUB}/resourceGroups/rg2`] });
  await orphans.run();
  await shards.world.kill(blue);
  // By force: one that said Retain, and one that did not.
  for (const name of ['stays', 'lost'])
    await orphans.strip(userAssignedIdentity.resource as Resource<KubeObject>, `team-blue/${name}`);
  await shards.world.pass(CLAIMED);
  await orphans.until('the orphan to be gone', () => !inBlue().includes('lost'));
  await shards.move('team-blue', null);
  await shards.world.pass(30 * 60_000);
  expect(inBlue()).toEqual(['app', 'stays']);
});
