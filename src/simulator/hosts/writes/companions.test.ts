import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HostStage, startHostStage } from '../stage.fixture.ts';

let stage: HostStage;
beforeEach(async () => {
  stage = await startHostStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

const make = (type: string, name: string, properties: Record<string, unknown> = {}) =>
  stage.control.createHost({ type, name, resourceGroup: 'rg1', properties }).id;

test('a site has a plan and a configuration, a slot its own', async () => {
  const site = make('Microsoft.Web/sites', 'app', { siteConfig: { alwaysOn: true } });
  const slot = make('Microsoft.Web/sites/slots', 'app/staging');
  expect((await stage.call('GET', site)).body.properties.serverFarmId).toMatch(/\/serverfarms\//);
  expect((await stage.call('GET', `${site}/config/web`)).body).toMatchObject({
    name: 'app',
    properties: { alwaysOn: true },
  });
  expect((await stage.call('GET', `${slot}/config/web`)).body).toMatchObject({
    name: 'staging',
    properties: { alwaysOn: false },
  });
  expect(await stage.call('GET', `${stage.id('Microsoft.Web/sites', 'none')}/config/web`)).toMatchObject({
    status: 404,
    body: { error: { code: 'ResourceNotFound' } },
  });
});

test('a container app’s secrets are in listSecrets alone', async () => {
  const secrets = [{ name: 'key', value: 'v' }];
  const app = make('Microsoft.App/containerApps', 'app', { configuration: { secrets } });
  expect((await stage.call('POST', `${app}/listSecrets`)).body).toEqual({ value: secrets });
  expect((await stage.call('GET', app)).body.properties.configuration.secrets).toEqual([{ name: 'key' }]);
});

test('a storage account’s name is free, taken or impossible; it is encrypted by default', async () => {
  const account = make('Microsoft.Storage/storageAccounts', 'taken1');
  expect((await stage.call('GET', account)).body.properties.encryption.keySource).toBe('Microsoft.Storage');
  const path = `/subscriptions/${stage.simulator.subscriptionId}/providers/Microsoft.Storage/checkNameAvailability`;
  const check = async (name: string) => (await stage.call('POST', path, { body: { name } })).body;
  expect(await check('taken1')).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
  expect(await check('free1')).toEqual({ nameAvailable: true });
  expect(await check('Not-A-Name')).toMatchObject({ nameAvailable: false, reason: 'AccountNameInvalid' });
});

test('a cluster shows its kubelet’s identity', async () => {
  const cluster = make('Microsoft.ContainerService/managedClusters', 'aks');
  const { identityProfile } = (await stage.call('GET', cluster)).body.properties;
  expect(identityProfile.kubeletidentity.resourceId).toMatch(/\/aks-agentpool$/);
});
