import { describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { roleGrant } from '../../src/api/role-grant.ts';
import { HOME_SHARD } from '../../src/api/schema/shard.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { WatchTap } from '../../src/reconcilers/stores.ts';
import { vmId } from '../support/kinds/hosts.ts';
import { sampleOf } from '../support/sample.ts';
import { BLUE, policyIn, useShards } from './shard-stage.ts';
import { heldPuts, takings } from './takings.ts';

/** A namespace goes from one shard to the other by its label. */

const shards = useShards();

async function declareAll(): Promise<void> {
  shards.home.createVm('vm1');
  await shards.blue.policy(policyIn('rg2'));
  await shards.blue.attach('vm1');
  await shards.blue.grantSystem('read', {
    principal: { identityRef: { name: 'app' } },
  });
  await shards.blue.credential('deploy');
}

async function allReady(): Promise<void> {
  await shards.blue.attached('vm1');
  await shards.blue.granted('read');
  await shards.blue.credentialReady('deploy');
}

/** An edit of the identity, and that Azure has it. */
async function edit(stage: string): Promise<void> {
  await shards.blue.identity('app', { tags: { stage } });
  await shards.world.until(`the tag ${stage}`, () =>
    shards.world.azure.control.identities({}).some(({ tags }) => tags.stage === stage),
  );
}

describe('a namespace at rest', () => {
  it.each([
    ['from blue to default', null, HOME_SHARD],
    ['from default to blue', BLUE, BLUE],
  ])('%s: nothing is written for it, and the next edit is the other shard’s', async (_, label, next) => {
    if (label === BLUE) await shards.move('team-blue', null);
    await shards.both();
    await declareAll();
    await allReady();
    // First lists are repeated.
    await shards.world.pass(5 * 60_000);
    const written = shards.since();
    await shards.move('team-blue', label);
    await shards.world.pass(60_000);
    expect(written()).toEqual([]);
    await allReady();
    await edit('moved');
    expect(written()).toEqual([`${next}: PATCH app`]);
    await shards.world.pass(30 * 60_000);
    expect(written()).toEqual([`${next}: PATCH app`]);
  });

  it('and back again: what the first one remembered of it counts no more', async () => {
    await shards.both();
    await declareAll();
    await allReady();
    await shards.world.pass(5 * 60_000);
    await shards.move('team-blue', null);
    await edit('there');
    await shards.cluster.delete(roleGrant.resource, 'team-blue/read');
    await shards.blue.gone(() => shards.blue.grant('read'), 'the grant');
    await shards.move('team-blue', BLUE);
    const written = shards.since();
    await edit('back');
    await shards.world.pass(30 * 60_000);
    expect(written()).toEqual([`${BLUE}: PATCH app`]);
    expect(shards.home.on(vmId('vm1'))).toEqual(['app']);
  });
});

it('a namespace whose shard does not see that it has moved stays its own, and is the other one’s when it does', async () => {
  await shards.move('team-blue', null);
  let blind: PromiseWithResolvers<void> | undefined;
  const tapWatch: WatchTap = async function* (resource, events) {
    for await (const event of events) {
      if (resource.plural === 'namespaces') await blind?.promise;
      yield event;
    }
  };
  await shards.start(HOME_SHARD, { tapWatch });
  await shards.start(BLUE);
  await declareAll();
  await allReady();
  await shards.world.pass(5 * 60_000);
  const written = shards.since();
  blind = Promise.withResolvers();
  await shards.move('team-blue', BLUE);
  await shards.world.pass(5 * 60_000);
  await edit('unseen');
  expect(written()).toEqual([`${HOME_SHARD}: PATCH app`]);
  blind.resolve();
  await shards.world.pass(10_000);
  await edit('seen');
  expect(written()).toEqual([`${HOME_SHARD}: PATCH app`, `${BLUE}: PATCH app`]);
});

describe('a namespace in the middle of work', () => {
  it('is begun with only when the call that is under way has ended', async () => {
    const { taken, log } = takings();
    const puts = heldPuts('rg2');
    await shards.start(HOME_SHARD, { log });
    await shards.start(BLUE, { interceptArm: puts.interceptArm });
    await shards.world.until('the PUT to be under way', () => puts.held.length === 1);
    await shards.move('team-blue', null);
    await shards.world.elapse(10_000);
    // It is in Azure, and its shard does not know yet.
    const ofHome = () => shards.writes.filter((line) => line.startsWith(HOME_SHARD));
    expect(ofHome()).toEqual([`${HOME_SHARD}: PUT app`]);
    expect(taken).not.toContain('team-blue');
    puts.release();
    await shards.world.until('the namespace to be had', () => taken.includes('team-blue'));
    await declareAll();
    await allReady();
    const made = shards.world.azure.control.identities({}).filter(({ name }) => name === 'app');
    expect(made).toHaveLength(2);
    expect(shards.writes.filter((line) => line.endsWith('PUT app'))).toHaveLength(2);
  });

  it('whose shard is down is the other one’s once its Lease has run out, and what it began is found', async () => {
    await shards.start(HOME_SHARD);
    let dead = false;
    const blue = await shards.start(BLUE, {
      interceptArm: async (request, next) => {
        const answer = await next();
        if (!dead && request.method === 'PUT' && /\/app\?/.test(request.url)) {
          dead = true;
          blue.kill();
          throw new Error('killed');
        }
        return answer;
      },
    });
    await shards.world.until('blue to die', () => dead);
    const diedAt = shards.world.clock.monotonic();
    await shards.move('team-blue', null);
    await declareAll();
    await allReady();
    expect(shards.world.clock.monotonic() - diedAt).toBeGreaterThanOrEqual(13_000);
    const puts = shards.writes.filter((line) => line.endsWith('PUT app'));
    // One for each namespace: that of the dead process was carried out, and is found by its marks.
    expect(puts.toSorted()).toEqual([`${BLUE}: PUT app`, `${HOME_SHARD}: PUT app`]);
  });

  it('that was deleted is gone in the end, whoever had it when', async () => {
    await shards.both();
    await declareAll();
    await allReady();
    await shards.blue.detach('vm1');
    await shards.cluster.delete(roleGrant.resource, 'team-blue/read');
    await shards.cluster.delete(federatedIdentityCredential.resource, 'team-blue/deploy');
    await shards.cluster.delete(userAssignedIdentity.resource, 'team-blue/app');
    await shards.move('team-blue', null);
    await shards.blue.gone(() => shards.blue.userIdentity('app'), 'the identity');
    await shards.blue.gone(() => shards.blue.attachment('vm1'), 'the attachment');
    await shards.blue.gone(() => shards.blue.grant('read'), 'the grant');
    const left = shards.world.azure.control.identities({}).filter(({ id }) => /\/rg2\//i.test(id));
    expect(left).toEqual([]);
    expect(shards.home.on(vmId('vm1'))).toEqual([]);
  });
});

describe('a leader of a shard that is killed', () => {
  it('has a successor of its own shard, and the other one goes on meanwhile', async () => {
    await shards.start(HOME_SHARD);
    const first = await shards.start(BLUE);
    const second = await shards.start(BLUE, { instance: 'blue-2' }, { follower: true });
    await declareAll();
    await allReady();
    await shards.world.pass(5 * 60_000);
    const written = shards.since();
    await shards.world.kill(first);
    await shards.home.attach('vm1');
    await shards.home.attached('vm1');
    await shards.world.until('the successor to work', () => second.working);
    await edit('after');
    expect(written().filter((line) => line.startsWith('blue-2: '))).toEqual(['blue-2: PATCH app']);
    expect(written().filter((line) => line.startsWith('default: '))).toEqual(['default: PATCH vm1']);
  });
});

/** What the objects of `team-blue` make azid write, in whichever order: the names of assignments are computed. */
const WRITTEN = ['PATCH vm1', 'PUT app', 'PUT assignment', 'PUT credential'];
const kindOf = (line: string) =>
  line
    .replace(/^\S+ /, '')
    .replace(/ [0-9a-f]{8}-[0-9a-f-]{27}$/, ' assignment')
    .replace(/ \S*deploy\S*$/, ' credential');

describe('a namespace that moves at a write', () => {
  const moments: readonly (readonly [string, boolean])[] = [
    ['before it leaves', false],
    ['after it was carried out', true],
  ];
  it.each(sampleOf(moments, 1, 'moved at a write'))(
    'of the shard that has it, %s: each thing is made once, whichever write it is',
    async (_, isAfter) => {
      let writes = 0;
      for (let at = 0, isOver = false; !isOver; at++) {
        let seen = 0;
        const home = await shards.start(HOME_SHARD);
        await shards.home.reach(
          () => shards.home.userIdentity('app'),
          'the identity of team-home',
          ({ status }) => status?.principalId !== undefined,
        );
        const written = shards.since();
        const blue = await shards.start(BLUE, {
          interceptArm: async (request, next) => {
            const isIts = request.method !== 'GET' && !/token|listAssociated/i.test(request.url);
            const isNow = isIts && seen++ === at;
            if (isNow && !isAfter) await shards.move('team-blue', null);
            const answer = await next();
            if (isNow && isAfter) await shards.move('team-blue', null);
            return answer;
          },
        });
        await declareAll();
        await allReady();
        await shards.world.pass(5 * 60_000);
        const names = written().map(kindOf);
        expect(names.toSorted(), `write ${at}`).toEqual(WRITTEN);
        // As many as blue makes by itself.
        isOver = seen <= at;
        await shards.blue.detach('vm1');
        for (const [resource, name] of [
          [roleGrant.resource, 'read'],
          [federatedIdentityCredential.resource, 'deploy'],
          [userAssignedIdentity.resource, 'app'],
        ] as const)
          await shards.cluster.delete(resource, `team-blue/${name}`);
        await shards.blue.gone(() => shards.blue.userIdentity('app'), 'the identity');
        await shards.world.stop(blue);
        await shards.world.stop(home);
        await shards.move('team-blue', BLUE);
        await shards.blue.identity('app');
        expect(at).toBeLessThan(10);
        writes = at;
      }
      expect(writes).toBe(3);
    },
    600_000,
  );
});
