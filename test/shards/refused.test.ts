import { expect, it } from 'vitest';
import { HOME_SHARD } from '../../src/api/schema/shard.ts';
import { shardFindings } from '../../src/check/cluster/leases.ts';
import { controllerAtWork } from '../../src/kube/lease/at-work.ts';
import { conditionOf } from '../support/kinds/hosts.ts';
import { BLUE, LEASE, useShards } from './shard-stage.ts';

/** What must not work beside the others does not, and what nobody works for is seen. */

const shards = useShards();

it('a shard does not begin before the shard default has, and says what comes first', async () => {
  await expect(shards.start(BLUE)).rejects.toThrow(/--shard: blue begins only beside the shard default/);
  await shards.start(HOME_SHARD);
  await shards.start(BLUE);
});

it('an azid for the whole refuses to work where shards do, and the way back is in its message', async () => {
  const { home } = await shards.both();
  const whole = { instance: 'whole', leaseName: LEASE };
  await expect(shards.world.start(whole)).rejects.toThrow(
    /Pass --shard default; or, .* stop them all and remove data\.sharded/,
  );
  await shards.world.stop(home);
  await expect(shards.world.start(whole)).rejects.toThrow(/--shard: expected the name of a shard, got none/);
});

it('one that waits for the Lease as the whole does not get to work when shards have begun', async () => {
  const old = await shards.world.start({ instance: 'old', leaseName: LEASE });
  const next = await shards.world.start({ instance: 'next', leaseName: LEASE }, { follower: true });
  const home = shards.start(HOME_SHARD);
  await shards.world.stop(old);
  // Whoever of the two is quicker: in the end the shard has it, and the other one has ended.
  await shards.world.stop(next).catch(() => {});
  expect((await home).working).toBe(true);
});

it('a namespace of a shard for which nobody works waits, and the shard default counts it', async () => {
  const home = await shards.start(HOME_SHARD, { listen: { host: '127.0.0.1', port: 0 } });
  await shards.move('team-blue', 'green');
  const metric = async (name: string) => {
    const text = await (await fetch(`${home.url}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  await shards.world.until('the namespace to be counted', async () =>
    (await metric('azid_shard_unserved_namespaces')).includes(
      'azid_shard_unserved_namespaces{shard="green"} 1',
    ),
  );
  expect((await shards.blue.userIdentity('app'))?.status?.conditions).toBeUndefined();
  await shards.start('green');
  await shards.blue.reach(
    () => shards.blue.userIdentity('app'),
    'app to be Ready',
    (each) => conditionOf(each, 'Ready')?.status === 'True',
  );
  await shards.world.until(
    'nothing to be counted',
    async () => (await metric('azid_shard_unserved_namespaces')).length === 0,
  );
  expect(await metric('azid_shard_namespaces')).toContain(
    'azid_shard_namespaces{shard="default",state="waiting"} 0',
  );
});

it('azid check names each shard and its holder, and whoever leaves knows that one still works', async () => {
  const { home } = await shards.both();
  const deps = {
    client: shards.cluster.client,
    clock: shards.world.clock,
    namespace: 'azid-system',
    leaseName: LEASE,
    serviceAccount: 'azid-controller',
    signal: new AbortController().signal,
  };
  const outcome = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const note = () => {
      over = true;
    };
    work.then(note, note);
    await shards.world.until('the answer', () => over);
    return work;
  };
  expect((await outcome(shardFindings(deps))).map(({ message }) => message)).toEqual([
    'blue: blue works, for namespaces team-blue',
    'default: default works',
  ]);
  await shards.world.stop(home);
  expect(await outcome(controllerAtWork(deps))).toEqual({ state: 'working', holder: 'blue' });
});
