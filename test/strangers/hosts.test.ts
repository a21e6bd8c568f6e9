import { beforeEach, describe, expect, it } from 'vitest';
import { HostStage, identityIdOf, RG1, vmId } from '../support/kinds/hosts.ts';
import { type Cluster, SUBSCRIPTION, type World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** What one namespace declares, however odd or much of it, must not stop azid for all others. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

describe('a namespace that no policy selects', () => {
  const declare = (kind: string, name: string, spec: object) =>
    cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind,
      metadata: { name, namespace: 'stranger' },
      spec,
    });
  const up = `/subscriptions/${SUBSCRIPTION}/resourceGroups/..`;

  beforeEach(() => cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stranger' } }));

  it('cannot keep azid from starting, or from attaching, by ids that only resemble some', async () => {
    const identityId = `${up}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/abc`;
    const extension = `${vmId('vm1')}/providers/Microsoft.Insights/rules/r1`;
    const above = `${up}/providers/Microsoft.Compute/virtualMachines/vm1`;
    const upwards = { identityId, target: { resourceId: vmId('vm1') } };
    // What the API server knows to be no id it refuses; what it takes must do no harm.
    await expect(declare('IdentityAttachment', 'by-id', upwards)).rejects.toThrow('spec.identityId');
    const elsewhere = { identityRef: { name: 'x' }, target: { resourceId: above } };
    await expect(declare('IdentityAttachment', 'above', elsewhere)).rejects.toThrow('spec.target.resourceId');
    const nested = `${vmId('vm1')}/extensions/..`;
    for (const [index, resourceId] of [extension, nested].entries()) {
      await declare('IdentityAttachment', `to-${index}`, {
        identityRef: { name: 'x' },
        target: { resourceId },
      });
      await declare('SystemAssignedIdentity', `of-${index}`, { resourceId, apiVersion: '1999-01-01' });
    }
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    await stage.attached('vm1');
    expect(stage.writes()).toEqual(['PATCH vm1']);
  });
});

describe('hundreds of attachments of one identity to one resource', () => {
  it('do not keep another identity from it', async () => {
    stage.createVm('vm1');
    await stage.identity('other');
    await world.start();
    const target = { resourceId: vmId('vm1') };
    const names = Array.from({ length: 205 }, (_, index) => `a${index}`);
    await Promise.all(names.map((name) => stage.attach(name, { target })));
    const on = () => stage.on(vmId('vm1'));
    // So many objects take their time on a busy machine.
    await world.until('app to be attached', () => on().includes('app'), 60_000);
    await stage.attached('a0');
    await stage.attach('other', { identityRef: { name: 'other' }, target });
    await world.until('other to be attached', () => on().includes('other'), 60_000);
    await stage.attached('other');
    expect(on()).toEqual(['app', 'other']);
  });
});

describe('an identity that somebody deletes while azid has it attached', () => {
  it('is taken off where Azure refuses every other change for it', async () => {
    const { control } = world.azure;
    stage.createVm('vm1');
    await stage.policy({
      attachments: [{ types: ['*'], scopes: [RG1], identities: { ids: [identityIdOf('theirs')] } }],
    });
    control.createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
    await world.start();
    const target = { resourceId: vmId('vm1') };
    await stage.attach('theirs', { identityId: identityIdOf('theirs'), target });
    await stage.attached('theirs');
    control.setKnobs({ hosts: { deadEntriesFail: 'held' } });
    control.deleteIdentity({ id: identityIdOf('theirs') });
    const since = stage.mark;
    await stage.attach('vm1');
    await stage.attached('vm1');
    expect(stage.on(vmId('vm1'))).toEqual(['app']);
    expect(stage.writes(since).length).toBeLessThanOrEqual(3);
  });
});
