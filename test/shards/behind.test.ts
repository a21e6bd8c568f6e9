import { describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { HOME_SHARD } from '../../src/api/schema/shard.ts';
import type { WatchTap } from '../../src/reconcilers/stores.ts';
import { RG1 } from '../support/kinds/hosts.ts';
import { BLUE, useShards } from './shard-stage.ts';

/** What one shard does is seen by the other a moment later, or much later. */

const shards = useShards();

const grant = (stage: typeof shards.home, name: string, spec: object = {}) =>
  stage.grantSystem(name, { principal: { identityRef: { name: 'app' } }, ...spec });

async function principal(): Promise<string> {
  const { status } = await shards.blue.reach(
    () => shards.blue.userIdentity('app'),
    'app to have a principal',
    (each) => each.status?.principalId !== undefined,
  );
  return status?.principalId ?? '';
}

/** In `team-home`, for blue's identity. */
async function grantByHome(principalId: string): Promise<void> {
  await shards.home.policy({
    grants: [{ roles: ['Reader'], scopes: [RG1], principals: { ids: [principalId] } }],
  });
  await grant(shards.home, 'read', { principal: { id: principalId, type: 'ServicePrincipal' } });
}

const assignmentsOf = (principalId: string) =>
  shards.world.azure.control.assignments().filter((each) => each.principalId === principalId).length;
const gone = (namespace: string) =>
  shards.world.until(
    `the grant of ${namespace} to be gone`,
    async () => !(await shards.cluster.get(roleGrant.resource, `${namespace}/read`)),
  );

describe('equal grants of two shards', () => {
  it('of which the other’s end is not seen: the last one takes the assignment along all the same', async () => {
    let isBehind = false;
    const tapWatch: WatchTap = async function* (resource, events) {
      for await (const event of events) {
        const isHidden =
          isBehind && resource.plural === roleGrant.resource.plural && event.type !== 'replace';
        if (!isHidden || event.object.metadata.namespace !== 'team-blue') yield event;
      }
    };
    await shards.start(HOME_SHARD, { tapWatch });
    await shards.start(BLUE);
    await grant(shards.blue, 'read');
    await shards.blue.granted('read');
    const id = await principal();
    await grantByHome(id);
    await shards.home.granted('read');
    isBehind = true;
    await shards.cluster.delete(roleGrant.resource, 'team-blue/read');
    await gone('team-blue');
    expect(assignmentsOf(id)).toBe(1);
    await shards.cluster.delete(roleGrant.resource, 'team-home/read');
    await gone('team-home');
    expect(assignmentsOf(id)).toBe(0);
  });

  it('of which one comes as the other is revoked: it has the assignment in the end, without waiting for a list', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    let isHeld = false;
    await shards.start(HOME_SHARD);
    await shards.start(BLUE, {
      interceptArm: async (request, next) => {
        if (request.method === 'DELETE' && !isHeld) {
          isHeld = true;
          await held;
        }
        return next();
      },
    });
    await grant(shards.blue, 'read');
    await shards.blue.granted('read');
    const id = await principal();
    await shards.cluster.delete(roleGrant.resource, 'team-blue/read');
    await shards.world.until('the DELETE to be under way', () => isHeld);
    await grantByHome(id);
    await shards.home.granted('read');
    release();
    await gone('team-blue');
    const goneAt = shards.world.clock.monotonic();
    await shards.world.until('the assignment to be there again', () => assignmentsOf(id) === 1);
    expect(shards.world.clock.monotonic() - goneAt).toBeLessThan(60_000);
    await shards.world.pass(30 * 60_000);
    expect(assignmentsOf(id)).toBe(1);
    await shards.home.granted('read');
  });
});

it('a grant with an end, whose shard is down, is revoked at it by the shard default', async () => {
  const at = new Date(shards.world.clock.now() + 15 * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  await shards.start(HOME_SHARD);
  const blue = await shards.start(BLUE);
  await grant(shards.blue, 'read', { expiresAt: at });
  await shards.blue.granted('read');
  const id = await principal();
  await shards.world.kill(blue);
  await shards.world.pass(14 * 60_000);
  expect(assignmentsOf(id)).toBe(1);
  await shards.world.pass(2 * 60_000);
  expect(assignmentsOf(id)).toBe(0);
  expect(shards.writes.at(-1)).toMatch(new RegExp(`^${HOME_SHARD}: DELETE `));
});
