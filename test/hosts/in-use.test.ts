import { beforeEach, describe, expect, it } from 'vitest';
import { systemAssignedIdentity } from '../../src/api/system-assigned-identity.ts';
import { userAssignedIdentity } from '../../src/api/user-assigned-identity.ts';
import { HostStage, hostIdOf, identityIdOf, RG1, SUB, VMS, vmId } from '../support/kinds/hosts.ts';
import type { Cluster, World } from '../support/testbed.ts';
import { useWorld } from '../support/use-world.ts';

/** Identities that a resource names elsewhere than in `identity`: they are not taken out from under it without a word. */

let cluster: Cluster;
let world: World;
let stage: HostStage;

useWorld(async (own) => {
  ({ cluster, world } = own);
  stage = new HostStage(cluster, world);
  await stage.prepare();
  await stage.policy({
    attachments: [{ types: ['*'], scopes: [RG1], identities: { ids: [theirs] } }],
    systemAssigned: [{ types: ['*'], scopes: [SUB] }],
  });
  azure().createIdentity({ name: 'theirs', resourceGroup: 'rg1' });
});

const MINUTE = 60_000;
const IN_USE = 'InUseByResource';
const theirs = identityIdOf('theirs');
const azure = () => world.azure.control;
const clientId = () =>
  azure()
    .identities()
    .find(({ id }) => id.endsWith('/theirs'))?.clientId;
const attachment = () => stage.attachment('a1');

interface Case {
  readonly what: string;
  readonly type: string;
  readonly kind?: string;
  readonly properties: () => Record<string, unknown>;
  readonly path: string;
}

const CASES: readonly Case[] = [
  {
    what: 'a Flex Consumption app for its deployment',
    type: 'Microsoft.Web/sites',
    kind: 'functionapp,linux',
    properties: () => ({
      functionAppConfig: {
        deployment: {
          storage: {
            authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: theirs },
          },
        },
      },
    }),
    path: 'properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId',
  },
  {
    what: 'a container app for its registry',
    type: 'Microsoft.App/containerApps',
    properties: () => ({ configuration: { registries: [{ server: 'a.azurecr.io', identity: theirs }] } }),
    path: 'properties.configuration.registries[].identity',
  },
  {
    what: 'a cluster as its kubelet’s identity',
    type: 'Microsoft.ContainerService/managedClusters',
    properties: () => ({
      identityProfile: { kubeletidentity: { resourceId: theirs, clientId: clientId() } },
    }),
    path: 'properties.identityProfile.kubeletidentity.resourceId',
  },
  {
    what: 'a storage account for its encryption',
    type: 'Microsoft.Storage/storageAccounts',
    properties: () => ({
      encryption: { keySource: 'Microsoft.Keyvault', identity: { userAssignedIdentity: theirs } },
    }),
    path: 'properties.encryption.identity.userAssignedIdentity',
  },
];

describe.each(CASES)('$what', ({ type, kind, properties, path }) => {
  const id = hostIdOf(type, 'host1');

  it('keeps the identity until the object names what may fail', async () => {
    stage.createHost(type, 'host1', { properties: properties(), ...(kind !== undefined && { kind }) });
    await world.start();
    await stage.attach('a1', { identityId: theirs, target: { resourceId: id }, allowReplace: true });
    await stage.attached('a1');
    const since = stage.mark;
    await stage.detach('a1');
    const message = await stage.blocked(attachment, IN_USE);
    expect(message).toContain(path);
    expect(message).toContain(`azid.dev/detach-in-use: "${path}"`);
    await world.pass(11 * MINUTE);
    expect(stage.writes(since)).toEqual([]);
    expect(stage.on(id)).toEqual(['theirs']);
    await stage.annotate('a1', { 'azid.dev/detach-in-use': path });
    await stage.gone(attachment, 'the attachment');
    expect(stage.on(id)).toEqual([]);
  });
});

describe('an identity that a site names for its Key Vault references', () => {
  const id = hostIdOf('Microsoft.Web/sites', 'host1');
  const target = { resourceId: id };

  beforeEach(async () => {
    const properties = { keyVaultReferenceIdentity: theirs };
    stage.createHost('Microsoft.Web/sites', 'host1', { kind: 'app', properties });
    await world.start({ releaseAfterMs: 60 * MINUTE });
    await stage.attach('a1', { identityId: theirs, target });
    await stage.attached('a1');
  });

  it('is detached once the site names another', async () => {
    await stage.detach('a1');
    await stage.blocked(attachment, IN_USE);
    const body = { properties: { keyVaultReferenceIdentity: 'SystemAssigned' } };
    await azure().arm({ method: 'PATCH', path: `${id}?api-version=2024-04-01`, body });
    await stage.gone(attachment, 'the attachment');
    expect(stage.on(id)).toEqual([]);
  });

  it('does not hold the object for ever, and is left where it is', async () => {
    const since = stage.mark;
    await stage.detach('a1');
    await stage.blocked(attachment, IN_USE);
    await world.pass(61 * MINUTE);
    await stage.gone(attachment, 'the attachment');
    expect(await stage.event('a1', 'LeftBehind')).toContain('host1');
    expect(stage.writes(since)).toEqual([]);
    expect(stage.on(id)).toEqual(['theirs']);
  });

  it('stays, too, where the attachment moves on to another resource', async () => {
    stage.createVm('vm1');
    const since = stage.mark;
    await stage.attach('a1', { identityId: theirs, target: { resourceId: vmId('vm1') } });
    await world.until('it to be attached to the other', () => stage.on(vmId('vm1')).length === 1);
    await stage.reach(attachment, 'the first one to be told of', ({ status }) =>
      (status?.targets ?? []).some(({ state, reason }) => state === 'Detaching' && reason === IN_USE),
    );
    expect(stage.writes(since)).toEqual(['PATCH vm1']);
  });
});

describe('a resource’s own identity', () => {
  it('is not switched off under a container app that pulls its images by it', async () => {
    const type = 'Microsoft.App/containerApps';
    const id = hostIdOf(type, 'host1');
    stage.createHost(type, 'host1', {
      properties: { configuration: { registries: [{ identity: 'system' }] } },
    });
    await world.start();
    await stage.system('own', { resourceId: id, deletionPolicy: 'Delete' });
    await stage.systemReady('own');
    const since = stage.mark;
    await stage.deleteSystem('own');
    const own = () => stage.systemIdentity('own');
    const path = 'properties.configuration.registries[].identity';
    expect(await stage.blocked(own, IN_USE)).toContain(path);
    expect(stage.writes(since)).toEqual([]);
    await cluster.patch(systemAssignedIdentity.resource, `${stage.namespace}/own`, {
      metadata: { annotations: { 'azid.dev/detach-in-use': path } },
    });
    await stage.gone(own, 'the system-assigned identity');
    expect(stage.host(id).system).toBeNull();
  });

  it('of a machine that names nothing goes as ever', async () => {
    stage.createVm('vm1');
    await world.start();
    await stage.system('vm1', { deletionPolicy: 'Delete' });
    await stage.systemReady('vm1');
    await stage.deleteSystem('vm1');
    await stage.gone(() => stage.systemIdentity('vm1'), 'the system-assigned identity');
    expect(stage.host(hostIdOf(VMS, 'vm1')).system).toBeNull();
  });
});

it('an identity that is deleted together with its attachment stays while a container app pulls its images by it, also once the attachment was let go', async () => {
  const type = 'Microsoft.App/containerApps';
  const id = hostIdOf(type, 'host1');
  const pullsBy = (identity: string) => ({
    properties: { configuration: { registries: [{ server: 'a.azurecr.io', identity }] } },
  });
  stage.createHost(type, 'host1', pullsBy(identityIdOf('app')));
  await world.start({ releaseAfterMs: 60 * MINUTE });
  await stage.attach('a1', { target: { resourceId: id } });
  await stage.attached('a1');
  await cluster.delete(userAssignedIdentity.resource, `${stage.namespace}/app`);
  await stage.detach('a1');
  await stage.blocked(attachment, IN_USE);
  await world.pass(3 * 60 * MINUTE);
  expect(await stage.attachment('a1')).toBeUndefined();
  expect(stage.on(id)).toEqual(['app']);
  await stage.waiting(() => stage.userIdentity('app'), `${id} (in use there`);
  // Nobody uses it any more: it comes off, and goes.
  await azure().arm({ method: 'PATCH', path: `${id}?api-version=2024-03-01`, body: pullsBy('system') });
  await stage.gone(() => stage.userIdentity('app'), 'identity app');
  expect(stage.on(id)).toEqual([]);
  expect(
    azure()
      .identities()
      .map((each) => each.id),
  ).not.toContain(identityIdOf('app'));
});

describe.each([
  ['that azid may not read any more', 403, 'AuthorizationFailed', 'no authorization to perform action'],
  ['whose subscription is gone', 404, 'SubscriptionNotFound', 'could not be found'],
  ['that does not answer', 503, 'ServiceUnavailable', 'not now'],
])('a resource %s, and that used an identity which is to go', (_, status, code, message) => {
  const id = hostIdOf('Microsoft.App/containerApps', 'host1');

  it('holds attachment and identity for a bounded time: the identity stays in Azure, and an Event says why', async () => {
    stage.createHost('Microsoft.App/containerApps', 'host1', {
      properties: {
        configuration: { registries: [{ server: 'a.azurecr.io', identity: identityIdOf('app') }] },
      },
    });
    await world.start({ releaseAfterMs: 60 * MINUTE });
    await stage.attach('a1', { target: { resourceId: id } });
    await stage.attached('a1');
    await cluster.delete(userAssignedIdentity.resource, `${stage.namespace}/app`);
    await stage.detach('a1');
    await stage.blocked(attachment, IN_USE);
    azure().addFault({ path: '/containerApps', effect: { kind: 'status', status, code, message } });
    const since = stage.mark;
    await world.pass(11 * MINUTE);
    const told = await stage.blocked(() => stage.userIdentity('app'), 'ResourceUnreadable');
    expect(told).toContain(`${id} used it when azid could last read that resource`);
    expect(told).toContain(message);
    await world.pass(62 * MINUTE);
    await stage.gone(attachment, 'the attachment');
    await stage.gone(() => stage.userIdentity('app'), 'identity app');
    expect(await stage.event('app', 'LeftBehind')).toContain(`${identityIdOf('app')} stays in Azure: ${id}`);
    expect(stage.writes(since)).toEqual([]);
    expect(stage.on(id)).toEqual(['app']);
  });
});
