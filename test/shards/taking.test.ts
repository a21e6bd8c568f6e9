import { describe, expect, it } from 'vitest';
import { HOME_SHARD, SHARD_LABEL } from '../../src/api/schema/shard.ts';
import { namespaces } from '../../src/kube/builtin.ts';
import type { Interceptor } from '../../src/kube/transport/request.ts';
import type { WatchTap } from '../../src/reconcilers/stores.ts';
import { until } from '../support/testbed.ts';
import { BLUE, useShards } from './shard-stage.ts';
import { heldPuts, takings } from './takings.ts';

/** When a shard begins with a namespace that its label gives it, whatever else happens to that namespace and to others. */

const shards = useShards();

/** Does something when the Namespaces are read after the Leases, as is done before any is begun with. */
function beforeTaking(parts: {
  readonly ask?: () => Promise<void>;
  readonly answer?: () => Promise<void>;
}): Interceptor {
  let isNext = false;
  return async (request, next) => {
    const { method, path } = request;
    if (method !== 'GET' || path.includes('watch=')) return next(request);
    if (/\/leases(\?|$)/.test(path)) isNext = true;
    if (!isNext || !/^\/api\/v1\/namespaces(\?|$)/.test(path)) return next(request);
    isNext = false;
    await parts.ask?.();
    const answer = await next(request);
    await parts.answer?.();
    return answer;
  };
}

it('one that is patched before each of its reads', async () => {
  const { taken, log } = takings();
  await shards.start(HOME_SHARD);
  await shards.move('team-blue', null);
  let patches = 0;
  const patch = async () => {
    await shards.cluster.patch(namespaces, 'team-blue', {
      metadata: { annotations: { 'example.org/at': String(patches++) } },
    });
  };
  await shards.start(BLUE, { log, interceptKube: beforeTaking({ ask: patch }) });
  await shards.move('team-blue', BLUE);
  await shards.world.until('the namespace to be begun with', () => taken.includes('team-blue'));
  expect(patches).toBeGreaterThan(0);
});

describe('one that goes to the other shard and comes back while it is read', () => {
  it('is begun with when nothing of it runs there any more', async () => {
    const { taken, log } = takings();
    const puts = heldPuts('rg2');
    await shards.start(HOME_SHARD, { interceptArm: puts.interceptArm });
    let isAway = false;
    const labels: (string | undefined)[] = [];
    // What the consumer took before it asks for the next one.
    const tapWatch: WatchTap = async function* (resource, events) {
      for await (const event of events) {
        yield event;
        if (
          event.type === 'apply' &&
          resource.plural === 'namespaces' &&
          event.object.metadata.name === 'team-blue'
        )
          labels.push(event.object.metadata.labels?.[SHARD_LABEL]);
      }
    };
    await shards.start(BLUE, {
      log,
      tapWatch,
      interceptKube: beforeTaking({
        answer: async () => {
          if (isAway) return;
          isAway = true;
          await shards.move('team-blue', null);
          await until('the PUT of team-blue', async () => puts.held.length === 1);
          await shards.move('team-blue', BLUE);
          await until('the watch to have shown both', async () => `${labels.slice(-2)}` === `,${BLUE}`);
        },
      }),
    });
    await shards.world.until('the label to have been away', () => isAway);
    await shards.world.elapse(10_000);
    expect(taken).toEqual([]);
    puts.release();
    await shards.world.until('the namespace to be begun with', () => taken.includes('team-blue'));
    await shards.blue.reach(
      () => shards.blue.userIdentity('app'),
      'app to be ready',
      ({ status }) =>
        Boolean(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')),
    );
    expect(shards.writes.filter((line) => line.endsWith('PUT app'))).toEqual([
      `${HOME_SHARD}: PUT app`,
      `${HOME_SHARD}: PUT app`,
    ]);
  });
});

it('one, though another of the same shard cannot be released', async () => {
  const { taken, log } = takings();
  const puts = heldPuts('rg1');
  await shards.move('team-blue', null);
  await shards.start(HOME_SHARD, { interceptArm: puts.interceptArm });
  await shards.world.until('the PUT of team-home', () => puts.held.length === 1);
  await shards.start(BLUE, { log });
  await shards.move('team-home', BLUE);
  await shards.world.elapse(5_000);
  expect(taken).toEqual([]);
  await shards.move('team-blue', BLUE);
  await shards.world.until('team-blue to be begun with', () => taken.length > 0);
  expect(taken).toEqual(['team-blue']);
  puts.release();
  await shards.world.until('team-home to be begun with', () => taken.includes('team-home'));
});
