import { describe, expect, it } from 'vitest';
import { conditionOf, HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** An identity on resources that somebody else made, from the first apply to the last delete. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const RESYNC = 11 * 60_000;

describe('an attachment to one resource', () => {
  it('attaches with one PATCH, and says so when it is finished and read back', async () => {
    stage.createVm('vm1', { identity: { type: 'SystemAssigned' } });
    await world.start();
    await stage.attach('vm1');
    const { status } = await stage.attached('vm1');
    expect(status).toMatchObject({
      identityId: expect.stringMatching(/userAssignedIdentities\/app$/i),
      matched: 1,
      attached: 1,
      pending: 0,
      failed: 0,
      targets: [{ state: 'Attached' }],
    });
    expect(stage.on(vmId('vm1'))).toEqual(['app']);
    expect(stage.host(vmId('vm1')).system).not.toBeNull();
    expect(stage.writes()).toEqual(['PATCH vm1']);
    const { entries } = (await stage.ledger(vmId('vm1')))?.status ?? {};
    expect(entries).toMatchObject([{ state: 'Attached', owned: true, owners: [{ name: 'vm1' }] }]);
  });

  it('goes from there when it is deleted, and leaves no ledger', async () => {
    stage.createVm('vm1', { identity: { type: 'SystemAssigned' } });
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    await stage.detach('vm1');
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    expect(stage.on(vmId('vm1'))).toEqual([]);
    expect(stage.host(vmId('vm1')).system).not.toBeNull();
    expect(stage.writes()).toEqual(['PATCH vm1', 'PATCH vm1']);
    await world.until('the ledger to go', async () => (await stage.ledger(vmId('vm1'))) === undefined);
  });

  it('that is there already is satisfied, never written and never removed', async () => {
    await world.start();
    await stage.reach(
      () => stage.userIdentity('app'),
      'app to be made',
      ({ status }) => status?.id !== undefined,
    );
    stage.createVm('vm1', {
      identity: { type: 'UserAssigned', userAssignedIdentities: { [identityIdOf('app')]: {} } },
    });
    await stage.attach('vm1');
    const object = await stage.attached('vm1');
    expect(conditionOf(object, 'Ready')?.reason).toBe('ExistsUnmanaged');
    await stage.detach('vm1');
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    expect(stage.on(vmId('vm1'))).toEqual(['app']);
    expect(stage.writes()).toEqual([]);
  });

  it('is made again when somebody takes it away, by the resync alone', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    const before = stage.mark;
    world.azure.control.setHostIdentity({ id: vmId('vm1'), identity: { type: 'None' } });
    await world.pass(RESYNC);
    await world.until('it to be attached again', () => stage.on(vmId('vm1')).join() === 'app');
    expect(stage.writes(before)).toEqual(['PATCH vm1']);
  });

  it('costs no call while nothing changes', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    await world.pass(60_000);
    const before = stage.mark;
    await world.pass(RESYNC);
    expect(stage.writes(before)).toEqual([]);
    const reads = stage.requests(before).map(({ path }) => path.split('?')[0]);
    expect(reads.filter((path) => /virtualMachines\/vm1$/i.test(path ?? ''))).toEqual([]);
  });

  it('waits for a resource that does not exist yet, by name, and for its identity', async () => {
    await world.start();
    await stage.attach('vm1');
    await stage.waiting(() => stage.attachment('vm1'), 'virtualMachines/vm1');
    stage.createVm('vm1');
    await world.pass(RESYNC);
    await stage.attached('vm1');
    stage.createVm('vm2');
    await stage.attach('vm2', { identityRef: { name: 'later' } });
    await stage.waiting(() => stage.attachment('vm2'), 'UserAssignedIdentity team-a/later');
    await stage.identity('later');
    await stage.attached('vm2');
    expect(stage.on(vmId('vm2'))).toEqual(['later']);
  });

  it('is not written without a policy', async () => {
    stage.createVm('vm1');
    await stage.policy({
      attachments: [
        { types: ['Microsoft.Web/sites'], scopes: [`/subscriptions/${world.azure.subscriptionId}`] },
      ],
    });
    await world.start();
    await stage.attach('vm1');
    expect(await stage.stalled(() => stage.attachment('vm1'), 'PolicyDenied')).toContain(
      'Microsoft.Compute/virtualMachines',
    );
    expect(stage.writes()).toEqual([]);
    expect(await stage.ledger(vmId('vm1'))).toBeUndefined();
  });
});
