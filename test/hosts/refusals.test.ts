import { describe, expect, it } from 'vitest';
import { HostStage, identityIdOf, RG1, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** What Azure refuses at a resource is told with what helps against it. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const azure = () => world.azure.control;

it('an identity of another tenant is named as that, and holds up no other', async () => {
  const id = '99999999-2222-4333-8444-555555555555';
  azure().createSubscription({ id, tenantId: '99999999-0000-4000-8000-000000000009' });
  azure().createResourceGroup({ name: 'rg1', subscriptionId: id });
  const theirs = azure().createIdentity({ name: 'theirs', resourceGroup: 'rg1', subscriptionId: id }).id;
  await stage.policy({
    attachments: [
      { types: ['*'], scopes: [RG1], identities: { ids: [theirs] } },
      { types: ['*'], scopes: [RG1] },
    ],
  });
  stage.createVm('vm1');
  await world.start();
  const target = { resourceId: vmId('vm1') };
  await stage.attach('strange', { identityId: theirs, target });
  await stage.attach('vm1');
  const message = await stage.stalled(() => stage.attachment('strange'), 'OtherTenant');
  expect(message).toContain('another tenant');
  expect(message).not.toMatch(/Managed Identity Operator|federated credential/);
  await stage.attached('vm1');
  expect(stage.on(vmId('vm1'))).toEqual(['app']);
});

describe('a detach that Azure refuses', () => {
  it('reports what was refused and who can help, and not to correct what is declared', async () => {
    azure().createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
    await stage.policy({
      attachments: [{ types: ['*'], scopes: [RG1], identities: { ids: [identityIdOf('theirs')] } }],
    });
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1', { identityId: identityIdOf('theirs') });
    await stage.attached('vm1');
    azure().addFault({
      method: 'PATCH',
      path: 'virtualMachines/vm1',
      effect: { kind: 'status', status: 400, code: 'BadRequest', message: 'The identity is in use.' },
    });
    await stage.detach('vm1');
    const message = await stage.blocked(() => stage.attachment('vm1'), 'RejectedByAzure');
    expect(message).toContain('Azure answers BadRequest: The identity is in use.');
    expect(message).toContain('take it off by hand');
    expect(message).not.toMatch(/declared|Managed Identity Operator/);
    azure().clearFaults();
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    expect(stage.on(vmId('vm1'))).toEqual([]);
  });
});
