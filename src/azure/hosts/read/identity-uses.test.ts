import { describe, expect, it } from 'vitest';
import { armKey } from '../../names/resource-id.ts';
import { usesOfIdentity, usesOfSystemIdentity } from './identity-uses.ts';

const RG = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
const APP = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;
const CLIENT = 'cccccccc-0000-4000-8000-000000000001';
const PRINCIPAL = 'dddddddd-0000-4000-8000-000000000001';
const app = { key: armKey(APP), clientId: CLIENT, principalId: PRINCIPAL };

const uses = (properties: object) => usesOfIdentity({ id: 'x', properties }, app);
const ownUses = (properties: object) =>
  usesOfSystemIdentity({ id: 'x', properties }, { principalId: PRINCIPAL });

describe('a resource names a user-assigned identity', () => {
  it.each<[string, object, string]>([
    [
      'for the deployment of a Flex Consumption app',
      {
        functionAppConfig: {
          deployment: {
            storage: {
              authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: APP },
            },
          },
        },
      },
      'functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId',
    ],
    ['for Key Vault references of a site', { keyVaultReferenceIdentity: APP }, 'keyVaultReferenceIdentity'],
    [
      'for the images of a site, by its client id',
      { siteConfig: { acrUseManagedIdentityCreds: true, acrUserManagedIdentityID: CLIENT } },
      'siteConfig.acrUserManagedIdentityID',
    ],
    [
      'for the registry of a container app',
      { configuration: { registries: [{ server: 'r', identity: 'system' }, { identity: APP }] } },
      'configuration.registries[].identity',
    ],
    [
      'for a secret of a container app',
      { configuration: { secrets: [{ name: 's', keyVaultUrl: 'u', identity: APP }] } },
      'configuration.secrets[].identity',
    ],
    [
      'for the life cycle of a container app’s identity',
      { configuration: { identitySettings: [{ identity: APP, lifecycle: 'Main' }] } },
      'configuration.identitySettings[].identity',
    ],
    [
      'for a scale rule',
      { template: { scale: { rules: [{ name: 'r', azureQueue: { identity: APP } }] } } },
      'template.scale.rules[].azureQueue.identity',
    ],
    [
      'in a variable of a container',
      { template: { containers: [{ env: [{ name: 'AZURE_CLIENT_ID', value: CLIENT }] }] } },
      'template.containers[].env[].value',
    ],
    [
      'as the kubelet’s identity of a cluster, listed once for its three ids',
      {
        identityProfile: {
          kubeletidentity: { clientId: CLIENT, objectId: PRINCIPAL, resourceId: APP.toLowerCase() },
        },
      },
      'identityProfile.kubeletidentity.resourceId',
    ],
    [
      'for the images of a container group',
      { imageRegistryCredentials: [{ server: 'r', identity: APP }] },
      'imageRegistryCredentials[].identity',
    ],
    [
      'for the encryption of a storage account, a factory, an Automation account',
      { encryption: { keySource: 'Microsoft.Keyvault', identity: { userAssignedIdentity: APP } } },
      'encryption.identity.userAssignedIdentity',
    ],
    [
      'for the disks of a machine',
      { securityProfile: { encryptionIdentity: { userAssignedIdentityResourceId: APP } } },
      'securityProfile.encryptionIdentity.userAssignedIdentityResourceId',
    ],
    [
      'for a certificate of API Management',
      { hostnameConfigurations: [{ hostName: 'h', keyVaultId: 'k', identityClientId: CLIENT }] },
      'hostnameConfigurations[].identityClientId',
    ],
    [
      'in an action of a workflow',
      {
        definition: {
          actions: {
            Call: { inputs: { authentication: { type: 'ManagedServiceIdentity', identity: APP } } },
          },
        },
      },
      'definition.actions.Call.inputs.authentication.identity',
    ],
    ['as a key of a map', { somewhere: { [APP]: {} } }, 'somewhere'],
    ['in a list', { allowed: [APP] }, 'allowed'],
  ])('%s', (_, properties, path) => {
    expect(uses(properties)).toEqual([`properties.${path}`]);
  });

  it('beside what is not `properties`, too', () => {
    expect(usesOfIdentity({ id: 'x', resources: [{ settings: { clientId: CLIENT } }] }, app)).toEqual([
      'resources[].settings.clientId',
    ]);
  });

  it('in several properties of one object, each a use of its own, by whichever id', () => {
    const siteConfig = {
      acrUserManagedIdentityID: CLIENT,
      keyVaultReferenceIdentity: APP,
      another: APP.toUpperCase(),
    };
    expect(uses({ siteConfig })).toEqual([
      'properties.siteConfig.keyVaultReferenceIdentity',
      'properties.siteConfig.another',
      'properties.siteConfig.acrUserManagedIdentityID',
    ]);
    const kubeletidentity = { clientId: CLIENT, objectId: PRINCIPAL, resourceId: APP, another: APP };
    expect(uses({ identityProfile: { kubeletidentity } })).toEqual([
      'properties.identityProfile.kubeletidentity.resourceId',
      'properties.identityProfile.kubeletidentity.another',
    ]);
  });

  it('not where it is only attached, or named in tags, or where it is another one', () => {
    const model = {
      id: 'x',
      identity: { userAssignedIdentities: { [APP]: { clientId: CLIENT } } },
      tags: { owner: APP },
      properties: { keyVaultReferenceIdentity: `${APP}-2`, publicNetworkAccess: null },
    };
    expect(usesOfIdentity(model, app)).toEqual([]);
  });

  it('whose ids Azure does not show', () => {
    expect(usesOfIdentity({ properties: { a: '', b: APP } }, { key: armKey(APP) })).toEqual(['properties.b']);
  });
});

describe('a resource uses its own identity', () => {
  it.each<[string, object, string]>([
    ['by its principal', { somewhere: { objectId: PRINCIPAL } }, 'somewhere.objectId'],
    [
      'for its deployment',
      {
        functionAppConfig: {
          deployment: { storage: { authentication: { type: 'SystemAssignedIdentity' } } },
        },
      },
      'functionAppConfig.deployment.storage.authentication.type',
    ],
    [
      'for its registry',
      { configuration: { registries: [{ identity: 'system' }] } },
      'configuration.registries[].identity',
    ],
    [
      'for its images',
      { siteConfig: { acrUseManagedIdentityCreds: true, acrUserManagedIdentityID: null } },
      'siteConfig.acrUseManagedIdentityCreds',
    ],
    [
      'for its encryption',
      { encryption: { keySource: 'Microsoft.Keyvault', identity: null } },
      'encryption.keySource',
    ],
    ['for its encryption, as a factory', { encryption: { vaultBaseUrl: 'v' } }, 'encryption.vaultBaseUrl'],
    [
      'for a certificate',
      { hostnameConfigurations: [{ hostName: 'h', keyVaultId: 'k' }] },
      'hostnameConfigurations[].keyVaultId',
    ],
    [
      'in an action',
      { definition: { actions: { Call: { authentication: { type: 'ManagedServiceIdentity' } } } } },
      'definition.actions.Call.authentication.type',
    ],
  ])('%s', (_, properties, path) => {
    expect(ownUses(properties)).toEqual([`properties.${path}`]);
  });

  it.each<[string, object]>([
    ['what every site shows', { keyVaultReferenceIdentity: 'SystemAssigned' }],
    ['keys of Azure’s own', { encryption: { keySource: 'Microsoft.Storage' } }],
    [
      'what another identity does',
      {
        configuration: { registries: [{ identity: APP }] },
        encryption: { keySource: 'Microsoft.Keyvault', identity: { userAssignedIdentity: APP } },
        siteConfig: { acrUseManagedIdentityCreds: true, acrUserManagedIdentityID: CLIENT },
        call: { type: 'ManagedServiceIdentity', identity: APP },
      },
    ],
  ])('not by %s', (_, properties) => {
    expect(ownUses(properties)).toEqual([]);
  });
});
