import { describe, expect, it } from 'vitest';
import { identityAttachment } from '../../src/api/identity-attachment.ts';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { HostStage, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Somebody takes azid's finalizer off an object that is being deleted, and another finalizer keeps the object. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const OTHERS = 'example.com/hold';

describe.each([
  { when: 'while azid is away', isAway: true },
  { when: 'while azid runs', isAway: false },
])('$when', ({ isAway }) => {
  it('what an attachment attached is detached as if the object were gone, and its identity need not wait for it', async () => {
    const operator = await world.start();
    stage.createVm('vm1');
    await stage.attach('vm1');
    await stage.attached('vm1');
    if (isAway) await world.stop(operator);
    const key = `${stage.namespace}/vm1`;
    await cluster.patch(identityAttachment.resource, key, { metadata: { finalizers: [OTHERS] } });
    await cluster.delete(identityAttachment.resource, key);
    await cluster.delete(userAssignedIdentity.resource, `${stage.namespace}/app`);
    if (isAway) await world.start();
    await stage.gone(() => stage.userIdentity('app'), 'identity app');
    expect(stage.on(vmId('vm1'))).toEqual([]);
    await cluster.patch(identityAttachment.resource, key, { metadata: { finalizers: [] } });
  });

  it('a resource’s own identity is switched off as if its object were gone', async () => {
    const operator = await world.start();
    stage.createVm('vm1');
    await stage.system('vm1', { deletionPolicy: 'Delete' });
    await stage.systemReady('vm1');
    if (isAway) await world.stop(operator);
    const key = `${stage.namespace}/vm1`;
    await cluster.patch(systemAssignedIdentity.resource, key, { metadata: { finalizers: [OTHERS] } });
    await cluster.delete(systemAssignedIdentity.resource, key);
    if (isAway) await world.start();
    await world.until('it to be off', () => stage.host(vmId('vm1')).system === null);
    await cluster.patch(systemAssignedIdentity.resource, key, { metadata: { finalizers: [] } });
  });
});
