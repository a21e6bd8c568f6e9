import { expect, it } from 'vitest';
import { routeOf } from './trace-policy.ts';

const HOST = 'https://management.azure.com';
const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const MSI = 'providers/Microsoft.ManagedIdentity/userAssignedIdentities';

it.each([
  [
    `${SUB}/resourceGroups/rg1/${MSI}/web?api-version=1`,
    `/subscriptions/{subscription}/resourceGroups/{resourceGroup}/${MSI}/{name}`,
  ],
  [
    `${SUB}/resourcegroups/rg1/${MSI}/web/federatedIdentityCredentials/a`,
    `/subscriptions/{subscription}/resourcegroups/{resourceGroup}/${MSI}/{name}/federatedIdentityCredentials/{name}`,
  ],
  [`${SUB}/${MSI}`, `/subscriptions/{subscription}/${MSI}`],
  [
    `${SUB}/resourceGroups/rg1/${MSI}/web/listAssociatedResources`,
    `/subscriptions/{subscription}/resourceGroups/{resourceGroup}/${MSI}/{name}/listAssociatedResources`,
  ],
  [
    `${SUB}/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/secret/providers/Microsoft.Authorization/roleAssignments/0-0`,
    '/subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.Storage/storageAccounts/{name}/providers/Microsoft.Authorization/roleAssignments/{name}',
  ],
  [
    '/providers/Microsoft.Management/managementGroups/secret/providers/Microsoft.Authorization/roleAssignments',
    '/providers/Microsoft.Management/managementGroups/{name}/providers/Microsoft.Authorization/roleAssignments',
  ],
  [
    `${SUB}/resourceGroups/rg1/tagNames/secret`,
    '/subscriptions/{subscription}/resourceGroups/{resourceGroup}/tagNames/{name}',
  ],
  ['/subscriptions', '/subscriptions'],
  // What nobody foresaw shows nothing of itself.
  [`${SUB}/%73ecret token=1`, '/subscriptions/{subscription}/{}'],
  [`${SUB}/secret`, '/subscriptions/{subscription}/{}'],
  [`${SUB}/operationresults/secret`, '/subscriptions/{subscription}/operationresults/{name}'],
  ['/abcdef01-secret/secret', '/{}/{}'],
  [`${SUB}/${MSI}/web/secret-abcd-4333-8444-555555555555`, `/subscriptions/{subscription}/${MSI}/{name}/{}`],
  ['/', '/'],
])('%s is of a route', (path, route) => {
  expect(routeOf(HOST + path)).toBe(route);
  expect(routeOf(HOST + path)).not.toMatch(/secret|rg1|1111/);
});

it('no URL has none', () => {
  expect(routeOf('secret')).toBe('/');
});
