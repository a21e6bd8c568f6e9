import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityPolicySpec } from '../../src/api/identity-policy.ts';
import { conditionOf, HostStage, hostIdOf, identityIdOf, RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';
import { atRest, RESYNC, trail, trailOf } from '../support/trail.ts';

/** An attached identity that is deleted and made again: by somebody, or by azid (docs/guarantees.md G8, G10). */

let cluster: Cluster;
let world: World;
let stage: HostStage;
beforeAll(async () => {
  cluster = await Cluster.start();
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  await stage.prepare(ALLOWED);
});
afterEach(async ({ task }) => {
  try {
    if (task.result?.state !== 'fail') await atRest(world);
  } finally {
    await world?.dispose();
    await cluster.clean();
  }
});

const THEIRS = identityIdOf('theirs');
const ALLOWED: Partial<IdentityPolicySpec> = {
  attachments: [{ types: ['*'], scopes: [SUB], selectors: true, identities: { ids: [THEIRS] } }],
  federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }],
};
const app = { identityRef: { name: 'app' } };

/** Of a principal in Azure now: where, and by which assignment. */
const granted = (principalId: string | undefined) =>
  world.azure.control.assignments().filter((each) => each.principalId === principalId);
const foreignGrant = (principalId: string) =>
  world.azure.control.grant({ principalId, role: 'Contributor', scope: RG1 }).id;
const principalNow = (name: string) =>
  world.azure.control.identities().find(({ id }) => id.endsWith(`/${name}`))?.principalId;

describe('a user-assigned identity on two resources, with a grant and a credential', () => {
  let before: string;
  let stays: string;

  /** On each there is an identity of somebody else, and the resource's own. */
  async function given(): Promise<void> {
    const { id } = world.azure.control.createIdentity({ name: 'foreign', resourceGroup: 'rg2' });
    const identity = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [id]: {} } };
    stage.createVm('vm1', { identity });
    stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app', identity });
    await world.start();
    await stage.attach('vm1');
    await stage.attach('web', { target: { resourceId: hostIdOf('Microsoft.Web/sites', 'web') } });
    await stage.grantSystem('read', { principal: app });
    await stage.credential('ci');
    await stage.attached('vm1');
    await stage.attached('web');
    await stage.granted('read');
    await stage.credentialReady('ci');
    before = principalNow('app') ?? '';
    stays = foreignGrant(before);
  }

  const everywhere = (...names: string[]) =>
    [vmId('vm1'), hostIdOf('Microsoft.Web/sites', 'web')].every((id) => stage.on(id).join() === names.join());

  /** All that hangs on the identity hangs on the new one, in the order that is promised. */
  async function followed(since: number): Promise<void> {
    await world.until('both to have the new one', () => everywhere('app', 'foreign'));
    await world.until(
      'the new principal to be granted, and the old one no more',
      () => granted(principalNow('app')).length === 1 && granted(before).length === 1,
    );
    await world.until(
      'the credential to be there',
      () => world.azure.control.credentials({ id: identityIdOf('app') }).length === 1,
    );
    for (const name of ['vm1', 'web']) {
      await stage.attached(name, ({ status }) => status?.principalId === principalNow('app'));
      expect(trailOf(world, name, since)).toEqual(['-app', '+app']);
    }
    const words = trail(world, since);
    expect(words.filter((each) => each.startsWith('grant'))).toEqual(['grant +', 'grant -']);
    expect(words.filter((each) => each.startsWith('credential'))).toHaveLength(1);
    expect(granted(before).map(({ id }) => id)).toEqual([stays]);
    expect(principalNow('app')).not.toBe(before);
  }

  it('made again by somebody: taken off by one write, added by the next; grant and credential follow', async () => {
    await given();
    const since = stage.mark;
    const own = stage.host(vmId('vm1')).system;
    world.azure.control.recycleIdentity({ id: identityIdOf('app') });
    expect(everywhere('app!', 'foreign')).toBe(true);
    await followed(since);
    expect(stage.host(vmId('vm1')).system).toEqual(own);
  });

  it('the same where Azure goes on to show the old principal', async () => {
    world.azure.control.setKnobs({ hosts: { deadEntriesShow: 'old-ids' } });
    await given();
    const since = stage.mark;
    world.azure.control.recycleIdentity({ id: identityIdOf('app') });
    await followed(since);
  });

  it('deleted behind the back: made again first, before any resource is written', async () => {
    await given();
    const since = stage.mark;
    world.azure.control.deleteIdentity({ id: identityIdOf('app') });
    await followed(since);
    const words = trail(world, since);
    expect(words[0]).toBe('identity app');
    expect(words.filter((each) => each.startsWith('identity'))).toEqual(['identity app']);
  });
});

it('an identity that azid does not manage is awaited by name while it is gone, and attached anew when it is back', async () => {
  const { control } = world.azure;
  control.createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
  stage.createVm('vm1');
  await world.start();
  await stage.attach('vm1', { identityId: THEIRS });
  await stage.attached('vm1');
  const since = stage.mark;
  control.deleteIdentity({ id: THEIRS });
  await stage.reach(
    () => stage.attachment('vm1'),
    'it to be missed',
    (object) => conditionOf(object, 'Ready')?.message.includes(THEIRS) === true,
  );
  await world.pass(RESYNC);
  expect(trail(world, since)).toEqual([]);
  control.createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
  await world.until('it to be attached anew', () => stage.on(vmId('vm1')).join() === 'theirs');
  await stage.attached('vm1');
  expect(trailOf(world, 'vm1', since)).toEqual(['None', '+theirs']);
});
