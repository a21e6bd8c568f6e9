import { expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { HOME_SHARD } from '../../src/api/schema/shard.ts';
import type { WatchTap } from '../../src/reconcilers/stores.ts';
import { BLUE, useShards } from './shard-stage.ts';

/** Whoever begins with a namespace goes by what is stored, however far behind its watches are. */

const shards = useShards();
const statusNow = async () => (await shards.blue.grant('read'))?.status;

it('a status that the shard before has written, and that is not seen yet, is believed and not undone', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let isBehind = false;
  const tapWatch: WatchTap = async function* (resource, events) {
    for await (const event of events) {
      const isLate = isBehind && resource.plural === roleGrant.resource.plural && event.type !== 'replace';
      if (isLate && event.object.metadata.namespace === 'team-blue') await held;
      yield event;
    }
  };
  const statuses: string[] = [];
  await shards.start(HOME_SHARD, {
    tapWatch,
    interceptKube: (request, next) => {
      const { method, path } = request;
      if (method === 'PATCH' && path.includes('/rolegrants/read/status')) statuses.push(path);
      return next(request);
    },
  });
  await shards.start(BLUE);
  await shards.blue.grantSystem('read', {
    principal: { identityRef: { name: 'app' } },
    suspend: true,
  });
  await shards.blue.reach(
    () => shards.blue.userIdentity('app'),
    'app to be Ready',
    (each) => each.status?.principalId !== undefined,
  );
  await shards.world.pass(10_000);
  isBehind = true;
  await shards.cluster.patch(roleGrant.resource, 'team-blue/read', { spec: { suspend: false } });
  await shards.blue.granted('read');
  const status = await statusNow();
  expect(status?.ledger).toHaveLength(1);
  const written = shards.since();
  await shards.move('team-blue', null);
  await shards.world.pass(60_000);
  expect((await statusNow())?.ledger).toEqual(status?.ledger);
  release();
  await shards.world.pass(60_000);
  const after = await statusNow();
  expect(after?.ledger).toEqual(status?.ledger);
  expect(after?.grantedAt).toEqual(status?.grantedAt);
  expect([...written(), ...statuses]).toEqual([]);
});
