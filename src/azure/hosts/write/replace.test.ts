import { describe, expect, test } from 'vitest';
import { capabilityOf, genericCapability } from '../capabilities.ts';
import { hostIdOf, uai } from '../hosts.fixture.ts';
import { hiddenSecrets, replaceBody } from './replace.ts';

const of = (type: string) => capabilityOf(type) ?? genericCapability(type, '');
const LOGIC = 'Microsoft.Logic/workflows';
const ACI = 'Microsoft.ContainerInstance/containerGroups';
const AKS = 'Microsoft.ContainerService/managedClusters';

describe('the body of a PUT', () => {
  const foreign = uai('foreign-id').toLowerCase();
  const mine = uai('mine-id');
  const model = {
    id: hostIdOf(ACI),
    name: 'web-1',
    type: ACI,
    location: 'westeurope',
    tags: { team: 'a' },
    zones: ['1'],
    identity: {
      type: 'UserAssigned',
      principalId: null,
      userAssignedIdentities: { [foreign]: { principalId: 'p', clientId: 'c' } },
    },
    properties: {
      provisioningState: 'Succeeded',
      instanceView: { state: 'Running' },
      osType: 'Linux',
      ipAddress: { ports: [{ port: 80 }], fqdn: 'x.example' },
      containers: [{ name: 'c', properties: { image: 'i', instanceView: { restartCount: 0 } } }],
    },
  };
  const adding = { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [mine]: {} } } as const;

  test('is what was read, without what only Azure writes, and leaves the model as it was', () => {
    const before = structuredClone(model);
    const { identity: _, ...body } = replaceBody(of(ACI), model, adding);
    expect(body).toEqual({
      location: 'westeurope',
      tags: { team: 'a' },
      zones: ['1'],
      properties: {
        osType: 'Linux',
        ipAddress: { ports: [{ port: 80 }] },
        containers: [{ name: 'c', properties: { image: 'i' } }],
      },
    });
    expect(model).toEqual(before);
  });

  test('names the identities that stay, each as an empty object in its own spelling', () => {
    expect(replaceBody(of(ACI), model, adding).identity).toEqual({
      type: 'SystemAssigned, UserAssigned',
      userAssignedIdentities: { [foreign]: {}, [mine]: {} },
    });
  });

  test('leaves out what is removed, in any spelling, and never says null', () => {
    const body = { type: 'UserAssigned', userAssignedIdentities: { [uai('foreign-id')]: null, [mine]: {} } };
    expect(replaceBody(of(ACI), model, body).identity).toEqual({
      type: 'UserAssigned',
      userAssignedIdentities: { [mine]: {} },
    });
  });

  test('names one identity once, as it was read', () => {
    const body = { type: 'UserAssigned', userAssignedIdentities: { [uai('foreign-id')]: {} } };
    expect(replaceBody(of(ACI), model, body).identity).toMatchObject({
      userAssignedIdentities: { [foreign]: {} },
    });
  });

  test.each(['SystemAssigned', 'None'])('of type %s has no map', (type) => {
    const body = { type, userAssignedIdentities: null };
    expect(replaceBody(of(LOGIC), { ...model, id: hostIdOf(LOGIC) }, body).identity).toEqual({ type });
  });
});

describe('what a GET hides', () => {
  const aci = (properties: object) => hiddenSecrets(ACI, { properties });

  test.each([
    [
      'a secure environment variable, not a plain one',
      { containers: [{ properties: { environmentVariables: [{ name: 'A', value: '' }, { name: 'B' }] } }] },
      ['properties.containers[0].properties.environmentVariables[1].secureValue'],
    ],
    [
      'the same in an init container',
      { initContainers: [{ properties: { environmentVariables: [{ name: 'B' }] } }] },
      ['properties.initContainers[0].properties.environmentVariables[0].secureValue'],
    ],
    [
      'a registry’s password, not one reached by an identity',
      {
        imageRegistryCredentials: [
          { server: 's', username: 'u' },
          { server: 's', identity: 'i' },
        ],
      },
      ['properties.imageRegistryCredentials[0].password'],
    ],
    [
      'volumes with secrets and with a share, not empty ones',
      {
        volumes: [
          { name: 'a', secret: {} },
          { name: 'b', azureFile: { shareName: 's' } },
          { name: 'c', emptyDir: {} },
        ],
      },
      ['properties.volumes[0].secret', 'properties.volumes[1].azureFile.storageAccountKey'],
    ],
    [
      'the key of a workspace',
      { diagnostics: { logAnalytics: { workspaceId: 'w' } } },
      ['properties.diagnostics.logAnalytics.workspaceKey'],
    ],
    [
      'the settings of an extension',
      { extensions: [{ name: 'e', properties: { extensionType: 'kube-proxy' } }] },
      ['properties.extensions[0].properties.protectedSettings'],
    ],
    ['nothing', { containers: [{ properties: { image: 'i' } }], osType: 'Linux' }, []],
  ])('of a container group: %s', (_, properties, expected) => {
    expect(aci(properties)).toEqual(expected);
  });

  test.each([
    [{ servicePrincipalProfile: { clientId: 'msi' } }, []],
    [{ servicePrincipalProfile: { clientId: 'x' } }, ['properties.servicePrincipalProfile.secret']],
    [{ windowsProfile: { adminUsername: 'a' } }, ['properties.windowsProfile.adminPassword']],
    [{ aadProfile: { managed: true } }, []],
    [{ aadProfile: { serverAppID: 'x' } }, ['properties.aadProfile.serverAppSecret']],
  ])('of a cluster with %j', (properties, expected) => {
    expect(hiddenSecrets(AKS, { properties })).toEqual(expected);
  });

  test.each([
    [{ definition: { parameters: { key: { type: 'SecureString' } } } }, ['properties.parameters.key']],
    [{ parameters: { key: { type: 'secureObject' } } }, ['properties.parameters.key']],
    [
      {
        definition: { parameters: { $connections: { type: 'Object' } } },
        parameters: { $connections: { value: {} } },
      },
      [],
    ],
  ])('of a workflow with %j', (properties, expected) => {
    expect(hiddenSecrets(LOGIC, { properties })).toEqual(expected);
  });

  test('of a resource without properties is nothing', () => {
    for (const type of [ACI, AKS, LOGIC, 'Microsoft.Web/sites']) expect(hiddenSecrets(type, {})).toEqual([]);
  });
});
