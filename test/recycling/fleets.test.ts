import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { conditionOf, HostStage, hostIdOf, identityIdOf, RG1, VMS, vmId } from '../support/kinds/hosts.ts';
import { Cluster, SUBSCRIPTION, World } from '../support/testbed.ts';
import { atRest, RESYNC, trail, trailOf } from '../support/trail.ts';

/** What comes and goes: resources under a selector, scale sets, slots. */

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
  await stage.prepare();
});
afterEach(async ({ task }) => {
  try {
    if (task.result?.state !== 'fail') await atRest(world);
  } finally {
    await world?.dispose();
    await cluster.clean();
  }
});

describe('a selector', () => {
  const WORKER = { role: 'worker' };
  const fleet = () =>
    stage.attach('fleet', {
      target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags: WORKER } },
    });
  const count = (matched: number, attached = matched) =>
    stage.attached('fleet', ({ status }) => status?.matched === matched && status.attached === attached);
  const tag = (name: string, tags: Record<string, string>) =>
    world.azure.control.tagHost({ id: vmId(name), tags });

  it('that grows: a new resource and one that gets the tag have the identity; the others are not written', async () => {
    stage.createVm('vm1', { tags: WORKER });
    stage.createVm('vm2', { tags: { role: 'idle' } });
    await world.start();
    await fleet();
    await count(1);
    const since = stage.mark;
    stage.createVm('vm3', { tags: WORKER });
    await count(2);
    tag('vm2', { ...WORKER, more: 'tags' });
    await count(3);
    expect(trail(world, since)).toEqual(['vm3 +app', 'vm2 +app']);
  });

  it('that shrinks takes away what azid attached, and no more', async () => {
    await world.start();
    await stage.reach(
      () => stage.userIdentity('app'),
      'app to be made',
      ({ status }) => status?.id !== undefined,
    );
    const theirs = { type: 'UserAssigned', userAssignedIdentities: { [identityIdOf('app')]: {} } };
    stage.createVm('vm1', { tags: WORKER });
    stage.createVm('vm2', { tags: WORKER, identity: { type: 'SystemAssigned' } });
    stage.createVm('vm3', { tags: WORKER, identity: theirs });
    await fleet();
    await count(3);
    const since = stage.mark;
    const { system } = stage.host(vmId('vm2'));
    tag('vm2', {});
    await world.until('it to be detached', () => stage.on(vmId('vm2')).length === 0);
    await count(2);
    tag('vm3', {});
    await count(1);
    expect(trail(world, since)).toEqual(['vm2 SystemAssigned -*']);
    expect(stage.on(vmId('vm3'))).toEqual(['app']);
    expect(stage.host(vmId('vm2')).system).toEqual(system);
    await world.until('their ledgers to go', async () => (await stage.ledgers()).length === 1);
  });

  it('whose tag comes and goes while azid is down sees only what is there in the end', async () => {
    stage.createVm('vm1', { tags: WORKER });
    stage.createVm('vm2', { tags: WORKER });
    const first = await world.start();
    await fleet();
    await count(2);
    await world.kill(first);
    const since = stage.mark;
    tag('vm1', {});
    stage.createVm('vm3', { tags: WORKER });
    world.azure.control.recycleHost({ id: vmId('vm2') });
    await world.start();
    const have = () => ['vm1', 'vm2', 'vm3'].map((name) => stage.on(vmId(name)).join());
    await world.until('vm2 and vm3 alone to have it', () => have().join() === ',app,app');
    await count(2);
    expect(trail(world, since).sort()).toEqual(['vm1 None', 'vm2 +app', 'vm3 +app']);
  });

  it('resources that are deleted leave it; made again without the tag they are not written, with it they are', async () => {
    for (const name of ['vm1', 'vm2', 'vm3']) stage.createVm(name, { tags: WORKER });
    await world.start();
    await fleet();
    await count(3);
    const since = stage.mark;
    world.azure.control.deleteHost({ id: vmId('vm2') });
    await count(2);
    await world.until('its ledger to go', async () => (await stage.ledger(vmId('vm2'))) === undefined);
    stage.createVm('vm1');
    await count(1);
    stage.createVm('vm2', { tags: WORKER });
    await count(2);
    expect(trail(world, since)).toEqual(['vm2 +app']);
    expect(stage.on(vmId('vm1'))).toEqual([]);
  });

  it('all of whose resources are made again gets them all back, one write for each', async () => {
    const names = ['vm1', 'vm2', 'vm3', 'vm4', 'vm5'];
    for (const name of names) stage.createVm(name, { tags: WORKER });
    await world.start();
    await fleet();
    await count(5);
    const since = stage.mark;
    for (const name of names) world.azure.control.recycleHost({ id: vmId(name) });
    await world.until('all to have it', () => names.every((name) => stage.on(vmId(name)).join() === 'app'));
    await count(5);
    expect(trail(world, since).sort()).toEqual(names.map((name) => `${name} +app`));
  });
});

describe.each(['Uniform', 'Flexible'])('a scale set (%s)', (orchestrationMode) => {
  it('deleted and made again has its identities again', async () => {
    const type = 'Microsoft.Compute/virtualMachineScaleSets';
    const id = hostIdOf(type, 'set');
    const own = orchestrationMode === 'Uniform';
    const create = () => stage.createHost(type, 'set', { properties: { orchestrationMode } });
    create();
    await world.start();
    await stage.attach('set', { target: { resourceId: id } });
    if (own) await stage.system('set', { resourceId: id });
    await stage.attached('set');
    if (own) await stage.systemReady('set');
    const before = stage.host(id).system?.principalId;
    world.azure.control.deleteHost({ id });
    await stage.waiting(() => stage.attachment('set'), id);
    const since = stage.mark;
    create();
    await stage.attached('set');
    expect(stage.on(id)).toEqual(['app']);
    if (own) {
      await stage.systemReady('set', ({ status }) => status?.principalId !== before);
      expect(stage.host(id).system?.principalId).not.toBe(before);
    }
    expect(trail(world, since)).toEqual(['set +app']);
  });
});

describe('what several objects ask of one resource at the same event goes in one write', () => {
  const id = vmId('vm1');
  const bySelector = {
    target: { selector: { subscriptionId: SUBSCRIPTION, type: VMS, tags: { role: 'worker' } } },
  };
  const create = () => stage.createVm('vm1', { tags: { role: 'worker' } });
  const settled = async () => {
    await world.until('it to have all', () => stage.on(id).length === 1 && stage.host(id).system !== null);
    await stage.attached('vm1');
    await stage.systemReady(
      'vm1',
      ({ status }) => status?.principalId === stage.host(id).system?.principalId,
    );
  };
  async function given(spec: object = {}): Promise<Awaited<ReturnType<World['start']>>> {
    create();
    const operator = await world.start();
    await stage.attach('vm1', spec);
    await stage.system('vm1');
    await settled();
    return operator;
  }

  it('made again after it was gone for a while, found by a selector', async () => {
    await given(bySelector);
    world.azure.control.deleteHost({ id });
    await stage.waiting(() => stage.systemIdentity('vm1'), id);
    await world.pass(120_000);
    const since = stage.mark;
    create();
    await settled();
    expect(trail(world, since)).toEqual(['vm1 +app']);
  });

  it('allowed again by a policy', async () => {
    await given();
    const elsewhere = [{ types: ['*'], scopes: [RG1.replace(/[^/]+$/, 'elsewhere')] }];
    await stage.policy({ attachments: elsewhere, systemAssigned: elsewhere });
    await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied');
    world.azure.control.recycleHost({ id });
    await world.pass(RESYNC);
    const since = stage.mark;
    await stage.policy();
    await settled();
    expect(trail(world, since)).toEqual(['vm1 +app']);
  });

  it('made again while azid is down', async () => {
    const operator = await given();
    await world.kill(operator);
    world.azure.control.recycleHost({ id });
    const since = stage.mark;
    await world.start();
    await settled();
    expect(trail(world, since)).toEqual(['vm1 +app']);
  });
});

describe('an app and its slot, each with an identity of its own, an attached one and a grant', () => {
  const SITE = hostIdOf('Microsoft.Web/sites', 'web');
  const SLOT = hostIdOf('Microsoft.Web/sites/slots', 'web/staging');
  const principals = () => [SITE, SLOT].map((id) => stage.host(id).system?.principalId);
  const held = (principalId: string | undefined) =>
    world.azure.control.assignments().filter((each) => each.principalId === principalId);

  async function given(): Promise<void> {
    stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app', properties: { version: 'blue' } });
    stage.createHost('Microsoft.Web/sites/slots', 'web/staging', {
      kind: 'app',
      properties: { version: 'green' },
    });
    await stage.identity('other');
    await world.start();
    for (const [name, resourceId, identity] of [
      ['web', SITE, 'app'],
      ['staging', SLOT, 'other'],
    ] as const) {
      await stage.system(name, { resourceId });
      await stage.attach(name, { target: { resourceId }, identityRef: { name: identity } });
      await stage.grantSystem(name);
    }
    for (const name of ['web', 'staging']) {
      await stage.granted(name);
      await stage.attached(name);
      await stage.systemReady(name);
    }
  }

  const asBefore = () => {
    expect(stage.on(SITE)).toEqual(['app']);
    expect(stage.on(SLOT)).toEqual(['other']);
  };

  it('that are swapped keep their identities: nothing is written', async () => {
    await given();
    const [since, before] = [stage.mark, principals()];
    world.azure.control.swapSlots({ id: SLOT });
    expect(stage.host(SITE).properties).toMatchObject({ version: 'green' });
    await world.pass(2 * RESYNC);
    asBefore();
    expect(principals()).toEqual(before);
    expect(trail(world, since)).toEqual([]);
    for (const [at, name] of ['web', 'staging'].entries())
      await stage.systemReady(name, ({ status }) => status?.principalId === before[at]);
  });

  it('a failed swap that switches one off: on again, its grants follow, the other side is not touched', async () => {
    world.azure.control.setKnobs({ hosts: { failedSwapSwitchesOff: true } });
    await given();
    const [since, [site, slot]] = [stage.mark, principals()];
    const stays = world.azure.control.grant({ principalId: slot ?? '', role: 'Contributor', scope: RG1 }).id;
    world.azure.control.swapSlots({ id: SLOT, fail: true });
    expect(stage.host(SLOT).system).toBeNull();
    await stage.systemReady('staging', ({ status }) => status?.principalId !== slot);
    await world.until('the old grant to go', () => held(slot).length === 1);
    await stage.granted('staging');
    asBefore();
    expect(trail(world, since)).toEqual(['staging SystemAssigned, UserAssigned', 'grant +', 'grant -']);
    expect(held(slot).map(({ id }) => id)).toEqual([stays]);
    expect(held(principals()[1])).toHaveLength(1);
    expect(principals()[0]).toBe(site);
    expect(held(site)).toHaveLength(1);
    const object = await stage.systemReady('staging');
    expect(conditionOf(object, 'Contested')?.status).not.toBe('True');
  });

  it('deleted and made again together have it all again', async () => {
    await given();
    const [site, slot] = principals();
    const since = stage.mark;
    world.azure.control.deleteHost({ id: SITE });
    await stage.waiting(() => stage.attachment('staging'), SLOT);
    await stage.waiting(() => stage.attachment('web'), SITE);
    stage.createHost('Microsoft.Web/sites', 'web', { kind: 'app' });
    stage.createHost('Microsoft.Web/sites/slots', 'web/staging', { kind: 'app' });
    await world.until('grants to be of the new ones alone', () => {
      const now = principals();
      return now.every((id) => id && held(id).length === 1) && [...held(site), ...held(slot)].length === 0;
    });
    for (const name of ['web', 'staging']) await stage.attached(name);
    asBefore();
    expect(trailOf(world, 'web', since)).toEqual(['+app']);
    expect(trailOf(world, 'staging', since)).toEqual(['+other']);
  });
});
