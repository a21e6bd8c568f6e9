import { expect, test } from 'vitest';
import { isWrite } from './arm-policies.ts';

const IDENTITY =
  'https://management.azure.com/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app';

test.each([
  ['GET', IDENTITY, false],
  ['HEAD', IDENTITY, false],
  ['PUT', IDENTITY, true],
  ['PATCH', IDENTITY, true],
  ['DELETE', IDENTITY, true],
  ['POST', `${IDENTITY}/listAssociatedResources?api-version=1`, false],
  ['POST', `${IDENTITY.toLowerCase()}/listassociatedresources?$skiptoken=2`, false],
  ['POST', 'https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=1', false],
  ['POST', 'https://graph.microsoft.com/v1.0/directoryObjects/getByIds', false],
  // What is only asked about is no way around the guard.
  ['DELETE', `${IDENTITY}/listAssociatedResources`, true],
  ['PUT', `${IDENTITY}/listAssociatedResources`, true],
  ['POST', `${IDENTITY}/revokeTokens?x=/listAssociatedResources`, true],
  ['POST', `${IDENTITY}/listAssociatedResources/revokeTokens`, true],
  [
    'POST',
    'https://management.azure.com/subscriptions/s/providers/Microsoft.Authorization/acquirePolicyToken',
    true,
  ],
  ['POST', 'https://graph.microsoft.com/v1.0/directory/deletedItems/x/restore', true],
  ['POST', 'no URL', true],
])('%s %s: %s', (method, url, write) => {
  expect(isWrite({ method, url })).toBe(write);
});
