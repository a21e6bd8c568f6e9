import { expect, test } from 'vitest';
import { isWithin, parentScope, parseScope, scopeKey } from './scope.ts';
import { World } from './world.ts';

const group = '/subscriptions/s/resourcegroups/rg1';
const identity = `${group}/providers/microsoft.managedidentity/userassignedidentities/id1`;

test('keys are lower-case, single-slashed and without a slash at the end; the root is /', () => {
  expect(scopeKey('//Subscriptions/S//resourceGroups/RG1/')).toBe(group);
  expect(scopeKey('')).toBe('/');
  expect(scopeKey('/')).toBe('/');
  expect(scopeKey('subscriptions/s')).toBe('/subscriptions/s');
});

test.each([
  ['a child resource', `${identity}/federatedIdentityCredentials/f1`, identity],
  ['a resource', identity, group],
  ['a group', group, '/subscriptions/s'],
  ['a subscription', '/subscriptions/s', '/'],
  ['an extension of a resource', `${identity}/providers/Microsoft.Authorization/roleAssignments/g`, identity],
  ['an extension of a group', `${group}/providers/Microsoft.Authorization/roleAssignments/g`, group],
  ['an extension of the root', '/providers/Microsoft.Authorization/roleAssignments/g', '/'],
  ['a management group', '/providers/Microsoft.Management/managementGroups/m', '/'],
  ['a collection in a group', `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`, group],
  ['a collection in a resource', `${identity}/federatedIdentityCredentials`, identity],
  [
    'a resource in a group called providers',
    '/subscriptions/s/resourceGroups/providers/providers/ns/t/n',
    '/subscriptions/s/resourcegroups/providers',
  ],
  ['a group called providers', '/subscriptions/s/resourceGroups/providers', '/subscriptions/s'],
])('the scope above %s', (_, scope, above) => {
  expect(parentScope(scope)).toBe(above);
});

test('there is nothing above the root', () => {
  expect(parentScope('/')).toBeUndefined();
});

test('within is by segments and without case', () => {
  expect(isWithin(`${group.toUpperCase()}/providers/x/y/z`, group)).toBe(true);
  expect(isWithin(group, group)).toBe(true);
  expect(isWithin('/subscriptions/s/resourceGroups/rg10', group)).toBe(false);
  expect(isWithin(group, '/')).toBe(true);
});

test('kinds of scopes', () => {
  expect(parseScope('/')).toEqual({ kind: 'tenant' });
  expect(parseScope('/providers/Microsoft.Management/managementGroups/M')).toEqual({
    kind: 'managementGroup',
    name: 'M',
  });
  expect(parseScope('/Subscriptions/S')).toEqual({ kind: 'subscription', subscriptionId: 'S' });
  expect(parseScope(group)).toEqual({ kind: 'resourceGroup', subscriptionId: 's', resourceGroup: 'rg1' });
  expect(parseScope(identity)).toEqual({ kind: 'resource', subscriptionId: 's', resourceGroup: 'rg1' });
});

test('the lineage of a resource passes through the management groups of its subscription', () => {
  const world = new World('t');
  world.addManagementGroup({ name: 'top', displayName: 'Top' });
  world.addManagementGroup({ name: 'team', displayName: 'Team', parent: 'top' });
  world.addSubscription({ id: 's', managementGroup: 'team' });
  expect(world.lineage(identity)).toEqual([
    identity,
    group,
    '/subscriptions/s',
    '/providers/microsoft.management/managementgroups/team',
    '/providers/microsoft.management/managementgroups/top',
    '/',
  ]);
});
