import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { federatedIdentityCredential } from '../../src/api/federated-identity-credential.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { conditionOf, HostStage, identityIdOf, RG1, SUB, vmId } from '../support/kinds/hosts.ts';
import { Cluster, World } from '../support/testbed.ts';

/**
 * Whose an identity is follows from its marks in Azure alone: what hangs on one that somebody replaced by another of the
 * same name waits, and goes on when it is the object's again.
 */

let cluster: Cluster;
let world: World;
let stage: HostStage;
const APP = identityIdOf('app');

beforeAll(async () => {
  cluster = await Cluster.start();
}, 120_000);
afterAll(() => cluster?.stop());
beforeEach(async () => {
  world = await World.create(cluster);
  stage = new HostStage(cluster, world);
  for (const name of ['vm1', 'vm2']) stage.createVm(name);
  await stage.prepare({ federation: [{ issuers: ['https://issuer.example.org/a'], subjects: ['job:*'] }] });
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: { name: 'read', namespace: stage.namespace },
    spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: RG1 },
  });
  await stage.credential('ci');
  await stage.attach('vm1');
  await world.start();
  await allReady();
});
afterEach(async () => {
  await world?.dispose();
  await cluster?.clean();
});

async function allReady(): Promise<string> {
  await stage.attached('vm1');
  await stage.granted('read');
  await stage.credentialReady('ci');
  return inAzure()?.principalId ?? '';
}

const inAzure = () =>
  world.azure.control.identities({}).find(({ id }) => id.toLowerCase() === APP.toLowerCase());
const credential = () => cluster.get(federatedIdentityCredential.resource, `${stage.namespace}/ci`);
const condition = async () => conditionOf((await stage.userIdentity('app')) as never, 'Ready');

async function assigned(principalId: string): Promise<number> {
  const filter = encodeURIComponent(`principalId eq '${principalId}'`);
  const path = `${SUB}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=${filter}`;
  const { body } = await world.azure.control.arm({ method: 'GET', path });
  return (body as { value: readonly unknown[] }).value.length;
}

async function credentials(): Promise<number> {
  const path = `${APP}/federatedIdentityCredentials?api-version=2024-11-30`;
  const { body } = await world.azure.control.arm({ method: 'GET', path });
  return (body as { value: readonly unknown[] }).value.length;
}

/** Somebody deletes it, and makes one of the same name. */
function replaced(tags: Readonly<Record<string, string>> = {}) {
  world.azure.control.deleteIdentity({ id: APP });
  return world.azure.control.createIdentity({ name: 'app', resourceGroup: 'rg1', tags });
}

describe('an identity that somebody deleted and made anew without the marks', () => {
  it('gets nothing: attachment, grant and credential wait for it, and go on when it is the object’s again', async () => {
    const before = await allReady();
    const stranger = replaced({ by: 'hand' });
    await world.until(
      'the identity to be refused',
      async () => (await condition())?.reason === 'AlreadyExists',
    );
    const why = 'UserAssignedIdentity team-a/app, which is not the owner of identity';
    await stage.waiting(() => stage.grant('read'), why);
    await stage.waiting(() => stage.attachment('vm1'), why);
    await world.until('the credential to wait', async () => {
      const ready = (await credential())?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'False' && ready.message.includes('is not the owner of identity');
    });
    // One made afterwards, too.
    await stage.attach('vm2');
    await stage.waiting(() => stage.attachment('vm2'), why);
    await world.pass(15 * 60_000);
    expect(stage.on(vmId('vm1'))).not.toContain('app');
    expect(stage.on(vmId('vm2'))).toEqual([]);
    expect(await assigned(stranger.principalId)).toBe(0);
    expect(await assigned(before)).toBe(0);
    expect(await credentials()).toBe(0);
    expect(inAzure()).toMatchObject({ principalId: stranger.principalId, tags: { by: 'hand' } });

    world.azure.control.deleteIdentity({ id: APP });
    const after = await allReady();
    await stage.attached('vm2');
    expect(after).not.toBe(before);
    expect(stage.on(vmId('vm1'))).toEqual(['app']);
    expect(stage.on(vmId('vm2'))).toEqual(['app']);
    expect(await assigned(after)).toBe(1);
    expect(await credentials()).toBe(1);
  }, 120_000);

  it('gets nothing either when it shows only to the read right before a write', async () => {
    // What was read or written a minute ago is live enough for a write; after that the cache alone is not.
    await world.pass(120_000);
    // It still holds the old one: no list, and nobody tells of it.
    const stranger = replaced();
    const mark = stage.mark;
    await stage.attach('vm2');
    await cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'RoleGrant',
      metadata: { name: 'wide', namespace: stage.namespace },
      spec: { principal: { identityRef: { name: 'app' } }, role: { name: 'Reader' }, scope: SUB },
    });
    await stage.waiting(() => stage.grant('wide'), 'is not the owner of identity');
    await stage.waiting(() => stage.attachment('vm2'), 'is not the owner of identity');
    expect(stage.writes(mark)).toEqual([]);
    expect(await assigned(stranger.principalId)).toBe(0);
  }, 60_000);
});

it('marks that are stripped and put back hold nobody up: what waits for them goes on at once', async () => {
  const { principalId } = inAzure() ?? {};
  world.azure.control.tagIdentity({ id: APP, tags: { CostCenter: '42' } });
  // Whoever looks first finds none.
  const marked = () => inAzure()?.tags['azid-owner-uid'] !== undefined;
  await world.until('the marks to be back', marked);
  const at = world.clock.monotonic();
  await allReady();
  expect(world.clock.monotonic() - at).toBeLessThan(60_000);
  expect(inAzure()?.principalId).toBe(principalId);
}, 60_000);

describe('a status that was forged while no azid ran', () => {
  const forge = (status: object) =>
    cluster.patch(
      userAssignedIdentity.resource as never,
      `${stage.namespace}/app`,
      { status },
      'status',
    ) as Promise<KubeObject>;

  it('is set right, and gives and takes away nothing', async () => {
    const before = (await stage.userIdentity('app'))?.status;
    const stranger = world.azure.control.createIdentity({ name: 'stranger', resourceGroup: 'rg1' });
    const forgeries: readonly object[] = [
      { principalId: stranger.principalId },
      { id: stranger.id, principalId: stranger.principalId, clientId: stranger.clientId },
      { coordinates: { resourceGroup: 'rg2' } },
      { coordinates: { subscriptionId: '00000000-0000-4000-8000-0000000000ff' } },
      { overwrittenPrincipalId: before?.principalId },
      { id: null, principalId: null, clientId: null, coordinates: null },
    ];
    for (const status of forgeries) {
      for (const operator of world.operators) await world.kill(operator);
      await forge(status);
      const mark = stage.mark;
      await world.start();
      await world.until(`${JSON.stringify(status)} to be set right`, async () => {
        const { principalId, id, clientId, coordinates, overwrittenPrincipalId } =
          (await stage.userIdentity('app'))?.status ?? {};
        return (
          principalId === before?.principalId &&
          id === before?.id &&
          clientId === before?.clientId &&
          overwrittenPrincipalId === undefined &&
          JSON.stringify(coordinates) === JSON.stringify(before?.coordinates)
        );
      });
      await world.pass(60_000);
      await allReady();
      const writes = stage.requests(mark).filter(({ method }) => method !== 'GET');
      expect(
        writes.map(({ method, path }) => `${method} ${path}`),
        JSON.stringify(status),
      ).toEqual([]);
      expect(await assigned(stranger.principalId)).toBe(0);
    }
  }, 180_000);

  it('does not take over somebody’s identity by its principal', async () => {
    for (const operator of world.operators) await world.kill(operator);
    const stranger = replaced({ by: 'hand' });
    await forge({ principalId: stranger.principalId });
    await world.start();
    await world.until(
      'the identity to be refused',
      async () => (await condition())?.reason === 'AlreadyExists',
    );
    await world.pass(60_000);
    expect(inAzure()?.tags).toEqual({ by: 'hand' });
    expect(await assigned(stranger.principalId)).toBe(0);
  }, 60_000);
});
