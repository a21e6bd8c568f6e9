import { expect, it } from 'vitest';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { HostStage, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** What a resource has stays on it while an object that may want it cannot be told yet. */

let cluster: Cluster;
let world: World;
let stage: HostStage;
useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const key = (name: string) => `${stage.namespace}/${name}`;

/** VM vm1 has identity app by an attachment; then azid goes away. */
async function attachedAndAway(): Promise<number> {
  const operator = await world.start();
  stage.createVm('vm1');
  await stage.attach('vm1');
  await stage.attached('vm1');
  await world.stop(operator);
  return stage.writes().length;
}

async function restored(identity: () => Promise<unknown> = () => stage.identity('app')): Promise<void> {
  for (const [resource, name] of [
    [identityAttachment.resource, 'vm1'],
    [userAssignedIdentity.resource, 'app'],
  ] as const) {
    await cluster.patch(resource as never, key(name), { metadata: { finalizers: null } });
    await cluster.delete(resource as never, key(name));
  }
  await identity();
  await stage.attach('vm1');
}

it('control: a namespace whose objects a backup brought back under other uids', async () => {
  const before = await attachedAndAway();
  await restored();
  await world.start();
  await stage.attached('vm1');
  expect(stage.writes().slice(before)).toEqual([]);
  expect(stage.on(vmId('vm1'))).toEqual(['app']);
});

it('the same where the attachment comes before its identity: the resource says for whom it keeps what it has', async () => {
  const before = await attachedAndAway();
  await restored(async () => {});
  await world.start();
  await world.until('the host to say for whom it waits', async () => {
    const ready = (await stage.ledger(vmId('vm1')))?.status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.reason === 'ClaimantNotTold' && ready.message.includes(key('vm1'));
  });
  expect(stage.on(vmId('vm1'))).toEqual(['app']);
  await stage.identity('app');
  await stage.attached('vm1');
  // Its line goes to the one that came back, and nothing waits any more.
  await world.until('the host to be as wanted', async () => {
    const { status } = (await stage.ledger(vmId('vm1'))) ?? {};
    return status?.conditions?.find(({ type }) => type === 'Ready')?.reason === 'InSync';
  });
  expect(stage.writes().slice(before)).toEqual([]);
});

it('the same while Azure refuses for a moment to have the marks of the identity set', async () => {
  const before = await attachedAndAway();
  await restored();
  const effect = { kind: 'status', status: 503 } as const;
  world.azure.control.addFault({ method: 'PATCH', path: '/userAssignedIdentities/', count: 3, effect });
  await world.start();
  await stage.attached('vm1');
  expect(stage.writes().slice(before)).toEqual([]);
});

it('an attachment that was renamed, while Azure does not show the identity for a moment', async () => {
  const before = await attachedAndAway();
  await stage.detach('vm1');
  await stage.attach('anew', { target: { resourceId: vmId('vm1') } });
  const effect = { kind: 'status', status: 503 } as const;
  world.azure.control.addFault({ method: 'GET', path: '/userAssignedIdentities', count: 6, effect });
  await world.start();
  await stage.attached('anew');
  await stage.gone(() => stage.attachment('vm1'), 'the attachment of old');
  expect(stage.writes().slice(before)).toEqual([]);
});
