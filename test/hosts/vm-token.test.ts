import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { tokenInside } from '../../src/simulator/sdk.fixture.ts';
import { HostStage, identityIdOf, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/**
 * What all of it is for: a workload on the machine, with the unchanged `ManagedIdentityCredential` of `@azure/identity`,
 * gets a token as the identity that is attached. Time stands still while it asks, so azid mends nothing behind its back.
 */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
});

const RESYNC = 11 * 60_000;
const vm = vmId('vm1');
const app = identityIdOf('app');

/** Object id the workload speaks as, or why it got no token. Without an id: the machine's own identity. */
async function speaksAs(resourceId?: string): Promise<unknown> {
  const { endpoint } = await world.azure.control.openMetadata({ id: vm });
  const { token, error } = await tokenInside(
    { AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint },
    resourceId === undefined ? {} : { resourceId },
  );
  return token === undefined ? error : decodeJwt(token).oid;
}
const principalOf = (name: string) =>
  world.azure.control.identities().find((each) => each.id.toLowerCase() === identityIdOf(name).toLowerCase())
    ?.principalId;

describe('a workload on the machine speaks as its identity', () => {
  it('when it is attached, and not before', async () => {
    stage.createVm('vm1');
    expect(await speaksAs(app)).toMatch(/Identity not found/);
    await world.start();
    await stage.attach('vm1');
    const { status } = await stage.attached('vm1');
    expect(await speaksAs(app)).toBe(status?.principalId);
    expect(status?.principalId).toBe(principalOf('app'));
    await stage.detach('vm1');
    await stage.gone(() => stage.attachment('vm1'), 'the attachment');
    expect(await speaksAs(app)).toMatch(/Identity not found/);
  });

  it('again after the identity was deleted and made again, once azid has repaired it', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    const before = (await stage.attached('vm1')).status?.principalId;
    const { principalId } = world.azure.control.recycleIdentity({ id: app });
    expect(principalId).not.toBe(before);
    expect(await speaksAs(app)).toMatch(/Identity not found/);
    await world.pass(RESYNC);
    await stage.attached('vm1', ({ status }) => status?.principalId === principalId);
    expect(await speaksAs(app)).toBe(principalId);
  });

  it('again after azid itself made the identity again, which somebody had deleted', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    const before = (await stage.attached('vm1')).status?.principalId;
    world.azure.control.deleteIdentity({ id: app });
    expect(await speaksAs(app)).toMatch(/Identity not found/);
    await world.pass(RESYNC);
    const { status } = await stage.attached('vm1', (each) => each.status?.principalId !== before);
    expect(await speaksAs(app)).toBe(status?.principalId);
    expect(status?.principalId).toBe(principalOf('app'));
  });

  it('again after the machine was deleted and made again', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.attach('vm1');
    const { status } = await stage.attached('vm1');
    world.azure.control.recycleHost({ id: vm });
    expect(await speaksAs(app)).toMatch(/Identity not found/);
    await world.pass(RESYNC);
    await world.until('it to be attached again', () => stage.on(vm).join() === 'app');
    await stage.attached('vm1');
    expect(await speaksAs(app)).toBe(status?.principalId);
  });

  it("as the machine's own identity, under another principal after the machine was made again", async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.system('vm1');
    const before = (await stage.systemReady('vm1')).status?.principalId;
    expect(await speaksAs()).toBe(before);
    world.azure.control.recycleHost({ id: vm });
    expect(await speaksAs()).toMatch(/Identity not found/);
    await world.pass(RESYNC);
    const { status } = await stage.systemReady('vm1', (each) => each.status?.principalId !== before);
    expect(await speaksAs()).toBe(status?.principalId);
    expect(status?.principalId).toBe(stage.host(vm).system?.principalId);
  });
});
