import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SystemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { conditionOf, HostStage, hostIdOf, RG1, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';
import { atRest, RESYNC, trail } from '../support/trail.ts';

/** Resources and scopes that are deleted and made again (docs/guarantees.md G9, G10; T6). */

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

const app = { identityRef: { name: 'app' } };

/** Of a principal in Azure now: where, and by which assignment. */
const granted = (principalId: string | undefined) =>
  world.azure.control.assignments().filter((each) => each.principalId === principalId);
const foreignGrant = (principalId: string) =>
  world.azure.control.grant({ principalId, role: 'Contributor', scope: RG1 }).id;
const principalNow = (name: string) =>
  world.azure.control.identities().find(({ id }) => id.endsWith(`/${name}`))?.principalId;

describe.each([
  { what: 'a virtual machine', type: VMS, name: 'vm1', parts: {} },
  { what: 'a slot', type: 'Microsoft.Web/sites/slots', name: 'web/vm1', parts: { kind: 'app' } },
])('$what with its own identity, a grant of it, and an attachment', ({ type, name, parts }) => {
  const id = hostIdOf(type, name);
  let before: string;
  let stays: string;

  async function given(): Promise<void> {
    if (name.includes('/')) stage.createHost('Microsoft.Web/sites', 'web', parts);
    stage.createHost(type, name, parts);
    await world.start();
    await stage.system('vm1', { resourceId: id });
    await stage.grantSystem('vm1');
    await stage.attach('vm1', { target: { resourceId: id } });
    await stage.granted('vm1');
    await stage.attached('vm1');
    before = stage.host(id).system?.principalId ?? '';
    stays = foreignGrant(before);
  }

  /** With grants to the old principal: of azid's none is left. */
  async function followed(): Promise<void> {
    await stage.systemReady(
      'vm1',
      ({ status }) => status?.principalId === stage.host(id).system?.principalId,
    );
    await world.until(
      'the new principal to be granted, and the old one no more',
      () => granted(stage.host(id).system?.principalId).length === 1 && granted(before).length === 1,
    );
    await stage.granted('vm1');
    await stage.attached('vm1');
    expect(stage.on(id)).toEqual(['app']);
    expect(stage.host(id).system?.principalId).not.toBe(before);
    expect(granted(before).map((each) => each.id)).toEqual([stays]);
  }

  it('made again: both identities by one write, the new principal granted, then the old grant gone', async () => {
    await given();
    const since = stage.mark;
    world.azure.control.recycleHost({ id });
    await followed();
    expect(trail(world, since)).toEqual(['vm1 +app', 'grant +', 'grant -']);
  });

  it('gone for good: awaited by name, its dead principal’s grant taken away; back again, all follows', async () => {
    await given();
    const since = stage.mark;
    world.azure.control.deleteHost({ id });
    const waits = await stage.waiting(() => stage.systemIdentity('vm1'), id);
    await stage.waiting(() => stage.attachment('vm1'), id);
    await world.until('the principal to be forgotten', async () => {
      const { status } = (await stage.systemIdentity('vm1')) as SystemAssignedIdentity;
      return status?.principalId === undefined && status?.clientId === undefined;
    });
    expect(conditionOf(waits, 'Ready')?.reason).toBe('DependencyNotReady');
    await world.until('the dead principal’s grant to go', () => granted(before).length === 1);
    expect(trail(world, since)).toEqual(['grant -']);
    await world.pass(RESYNC);
    expect(trail(world, since)).toEqual(['grant -']);
    stage.createHost(type, name, parts);
    await followed();
    expect(trail(world, since)).toEqual(['grant -', 'vm1 +app', 'grant +']);
  });

  it('gone, and then its objects, too: they go without a write, and leave no ledger', async () => {
    await given();
    world.azure.control.deleteHost({ id });
    const since = stage.mark;
    await stage.detach('vm1');
    await stage.deleteSystem('vm1');
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    await stage.gone(() => stage.systemIdentity('vm1'), 'the system-assigned identity');
    await world.until('the ledger to go', async () => (await stage.ledgers()).length === 0);
    await world.until('the dead principal’s grant to go', () => granted(before).length === 1);
    expect(trail(world, since)).toEqual(['grant -']);
  });

  it('made again under a policy that no longer allows the grant: none is given to the new principal', async () => {
    await given();
    await stage.policy({ grants: [{ roles: ['Contributor'], scopes: [SUB] }] });
    await stage.stalled(() => stage.grant('vm1'), 'PolicyDenied');
    const since = stage.mark;
    world.azure.control.recycleHost({ id });
    await stage.systemReady(
      'vm1',
      ({ status }) => status?.principalId === stage.host(id).system?.principalId,
    );
    expect(stage.host(id).system?.principalId).not.toBe(before);
    await stage.attached('vm1');
    await world.pass(RESYNC);
    expect(granted(stage.host(id).system?.principalId)).toEqual([]);
    expect(trail(world, since)).toEqual(['vm1 +app']);
    await stage.policy();
    await followed();
  });

  it('made again under a policy that allows nothing there: nothing is switched on, attached or granted', async () => {
    await given();
    const elsewhere = [{ types: ['*'], scopes: [`${SUB}/resourceGroups/rg2`] }];
    await stage.policy({ attachments: elsewhere, systemAssigned: elsewhere });
    await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied');
    await stage.stalled(() => stage.systemIdentity('vm1'), 'PolicyDenied');
    const since = stage.mark;
    world.azure.control.recycleHost({ id });
    await world.pass(2 * RESYNC);
    expect(stage.on(id)).toEqual([]);
    expect(stage.host(id).system).toBeNull();
    expect(trail(world, since).filter((words) => words !== 'grant -')).toEqual([]);
    await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied');
    await stage.stalled(() => stage.systemIdentity('vm1'), 'PolicyDenied');
    await stage.policy();
    await followed();
  });
});

describe('the scope of a grant', () => {
  it('that is a resource: made again, it is granted again', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.grantSystem('read', { principal: app, scope: vmId('vm1') });
    await stage.granted('read');
    const since = stage.mark;
    world.azure.control.recycleHost({ id: vmId('vm1') });
    expect(granted(principalNow('app'))).toEqual([]);
    await world.until('it to be granted again', () => granted(principalNow('app')).length === 1);
    await stage.granted('read');
    expect(trail(world, since)).toEqual(['grant +']);
  });

  it('that is a resource with the identity: both come again', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.system('vm1');
    await stage.grantSystem('vm1', { scope: vmId('vm1') });
    await stage.granted('vm1');
    const since = stage.mark;
    const before = stage.host(vmId('vm1')).system?.principalId;
    world.azure.control.recycleHost({ id: vmId('vm1') });
    const now = () => stage.host(vmId('vm1')).system?.principalId;
    await world.until('the new one to be granted', () => now() !== undefined && granted(now()).length === 1);
    await stage.granted('vm1');
    expect(now()).not.toBe(before);
    expect(trail(world, since)).toEqual(['vm1 SystemAssigned', 'grant +']);
  });

  it('that is a resource group: said while it is gone; made again, it is granted again, and what was in it attached', async () => {
    const { control } = world.azure;
    const rg3 = `${SUB}/resourceGroups/rg3`;
    const id = hostIdOf(VMS, 'vm1', rg3);
    control.createResourceGroup({ name: 'rg3' });
    stage.createVm('vm1', { resourceGroup: 'rg3' });
    await world.start();
    await stage.grantSystem('read', { principal: app, scope: rg3 });
    await stage.attach('vm1', { target: { resourceId: id } });
    await stage.granted('read');
    await stage.attached('vm1');
    const since = stage.mark;
    control.deleteResourceGroup({ name: 'rg3' });
    await stage.stalled(() => stage.grant('read'), 'ScopeNotFound');
    await stage.waiting(() => stage.attachment('vm1'), id);
    control.createResourceGroup({ name: 'rg3' });
    stage.createVm('vm1', { resourceGroup: 'rg3' });
    await world.until('it to be granted again', () => granted(principalNow('app')).length === 1);
    await stage.granted('read');
    await stage.attached('vm1');
    const kept = trail(world, since).filter((words) => !words.endsWith(' 404'));
    expect(kept.sort()).toEqual(['grant +', 'vm1 +app']);
  });
});
