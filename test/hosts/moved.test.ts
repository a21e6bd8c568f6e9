import { beforeEach, describe, expect, it } from 'vitest';
import { roleGrant } from '../../src/api/role-grant.ts';
import { conditionOf, HostStage, hostIdOf, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { atRest, RESYNC } from '../support/trail.ts';
import { useWorld } from '../support/use-world.ts';

/** Machines that are moved to another group: known again by their `vmId`, and nothing of azid's stays behind. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  azure().createResourceGroup({ name: 'rg3' });
});

const azure = () => world.azure.control;
const NEW = hostIdOf(VMS, 'vm1', `${SUB}/resourceGroups/rg3`);
const attachment = () => stage.attachment('vm1');

async function moved(): Promise<number> {
  const since = stage.mark;
  azure().moveHost({ id: vmId('vm1'), resourceGroup: 'rg3' });
  await world.pass(RESYNC);
  expect(stage.on(NEW)).toEqual(['app']);
  return since;
}

/** azid's own, and no other ledger is left. */
async function ledgerMoved(): Promise<void> {
  await world.until('the ledger to be of the new id', async () => {
    const [entry] = (await stage.ledger(NEW))?.status?.entries ?? [];
    return entry?.state === 'Attached' && entry.owned;
  });
}

describe('a machine that is moved, and an attachment that named it', () => {
  beforeEach(async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
  });

  it('keeps what it has, shows where it is, and is detached with the object', async () => {
    const since = await moved();
    await ledgerMoved();
    const object = await stage.reach(attachment, 'the move to be told of', ({ status }) =>
      (status?.targets ?? []).some(({ reason }) => reason === 'ResourceMoved'),
    );
    expect(conditionOf(object, 'Ready')?.message).toContain(`it was moved to ${NEW}`);
    await world.pass(RESYNC);
    expect(stage.writes(since)).toEqual([]);
    await stage.detach('vm1');
    await stage.gone(attachment, 'the attachment');
    expect(stage.on(NEW)).toEqual([]);
    await world.until('both ledgers to go', async () => (await stage.ledgers()).length === 0);
  });

  it('goes on where the attachment names the new id: attached by azid, without a write, and goes with it', async () => {
    const since = await moved();
    await ledgerMoved();
    await stage.attach('vm1', { target: { resourceId: NEW } });
    const ready = await stage.attached('vm1');
    expect(conditionOf(ready, 'Ready')?.reason).toBe('Attached');
    await atRest(world);
    expect(stage.writes(since)).toEqual([]);
    await stage.detach('vm1');
    await stage.gone(attachment, 'the attachment');
    expect(stage.on(NEW)).toEqual([]);
  });

  it('is azid’s also where the attachment is deleted before anything was seen of the move', async () => {
    azure().moveHost({ id: vmId('vm1'), resourceGroup: 'rg3' });
    await stage.detach('vm1');
    await stage.gone(attachment, 'the attachment');
    await world.pass(RESYNC);
    expect(stage.on(NEW)).toEqual([]);
    expect(await stage.ledgers()).toEqual([]);
  });
});

it('a machine that a selector finds again in another group stays attached, and azid’s', async () => {
  stage.createVm('vm1', { tags: { app: 'web' } });
  await world.start();
  const selector = { subscriptionId: SUB.split('/').at(-1) ?? '', type: VMS, tags: { app: 'web' } };
  await stage.attach('vm1', { target: { selector } });
  await stage.attached('vm1', ({ status }) => status?.attached === 1);
  const since = await moved();
  await ledgerMoved();
  const ready = await stage.attached('vm1', ({ status }) => status?.targets?.[0]?.resourceId === NEW);
  expect(conditionOf(ready, 'Ready')?.reason).toBe('Attached');
  await atRest(world);
  expect(stage.writes(since)).toEqual([]);
  await stage.detach('vm1');
  await stage.gone(attachment, 'the attachment');
  expect(stage.on(NEW)).toEqual([]);
});

it('a system-assigned identity whose machine was moved says where it is, and what to do; that ends without a gap', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.system('vm1', { deletionPolicy: 'Delete' });
  await stage.systemReady('vm1');
  const principal = stage.host(vmId('vm1')).system;
  azure().moveHost({ id: vmId('vm1'), resourceGroup: 'rg3' });
  await world.pass(RESYNC);
  const waiting = await stage.waiting(() => stage.systemIdentity('vm1'), `it was moved to ${NEW}`);
  expect(conditionOf(waiting, 'Ready')?.message).toContain('make a SystemAssignedIdentity for that id');
  const since = stage.mark;
  await stage.system('again', { resourceId: NEW, deletionPolicy: 'Delete' });
  await stage.systemReady('again');
  await stage.deleteSystem('vm1');
  await stage.gone(() => stage.systemIdentity('vm1'), 'the first object');
  await world.pass(RESYNC);
  expect(stage.writes(since)).toEqual([]);
  expect(stage.host(NEW).system).toEqual(principal);
});

it('the own identity of a machine stays on while a grant of it lives, though its object goes, and goes with the grant', async () => {
  stage.createVm('vm1');
  await world.start();
  await stage.system('vm1', { deletionPolicy: 'Delete' });
  await stage.systemReady('vm1');
  await stage.grantSystem('vm1');
  const { status } = await stage.granted('vm1');
  azure().moveHost({ id: vmId('vm1'), resourceGroup: 'rg3' });
  await world.pass(RESYNC);
  await world.until('the ledger to be of the new id', async () => {
    const entry = (await stage.ledger(NEW))?.status?.systemAssigned;
    return entry?.state === 'Attached' && entry.owned;
  });
  await stage.deleteSystem('vm1');
  await stage.reach(
    () => stage.systemIdentity('vm1'),
    'the grant to be waited for',
    (object) => /moved from.*RoleGrant/.test(conditionOf(object, 'Ready')?.message ?? ''),
  );
  await world.pass(RESYNC);
  expect(stage.host(NEW).system).not.toBeNull();
  await cluster.delete(roleGrant.resource, `${stage.namespace}/vm1`);
  await stage.gone(() => stage.systemIdentity('vm1'), 'the system-assigned identity');
  expect(stage.host(NEW).system).toBeNull();
  expect(
    azure()
      .assignments()
      .map(({ id }) => id),
  ).not.toContain(status?.assignmentId);
});
