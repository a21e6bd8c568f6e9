import { describe, expect, test } from 'vitest';
import { guidInText, readGuid, trailingGuid } from './guid.ts';
import { areaOf, parseScope, subscriptionOf, wireScope } from './scope.ts';

describe('a scope', () => {
  const group = '/subscriptions/S1/resourceGroups/rg1';
  const account = '/providers/Microsoft.Billing/billingAccounts/b1';
  const management = '/providers/Microsoft.Management/managementGroups/Mg1';
  test.each([
    ['/', 'tenant', undefined, '', '/'],
    [management, 'managementGroup', undefined, management.slice(1), management.toLowerCase()],
    [account, 'resource', undefined, account.slice(1), account.toLowerCase()],
    ['/subscriptions/S1', 'subscription', 'S1', 'subscriptions/S1', '/subscriptions/s1'],
    [`//${group}/`, 'resourceGroup', 'S1', group.slice(1), '/subscriptions/s1'],
    [
      `${group}/providers/Microsoft.Web/sites/app`,
      'resource',
      'S1',
      `${group.slice(1)}/providers/Microsoft.Web/sites/app`,
      '/subscriptions/s1',
    ],
  ])('%s is known by its shape', (scope, kind, subscriptionId, wire, area) => {
    expect(parseScope(scope).kind).toBe(kind);
    expect(subscriptionOf(scope)).toBe(subscriptionId);
    expect(wireScope(scope)).toBe(wire);
    expect(areaOf(scope)).toBe(area);
  });

  test.each([
    '',
    ' ',
    'rg1',
    '/providers',
    '/providers/Microsoft.Management',
    '/subscriptions',
    `${group}/x`,
    `${group}?a=b`,
  ])('%j is none', (scope) => expect(() => parseScope(scope)).toThrow('Expected an ARM id'));
});

describe('a GUID', () => {
  const guid = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
  test('is read in one form', () => {
    expect(readGuid('x', ` ${guid.toUpperCase()} `)).toBe(guid);
    expect(trailingGuid('x', `/providers/Microsoft.Authorization/roleDefinitions/${guid}`)).toBe(guid);
    expect(trailingGuid('x', guid)).toBe(guid);
    expect(() => trailingGuid('the role', `${guid}/`)).toThrow("Expected the role to be a GUID, got ''");
  });

  test('is found in a text, with dashes or without', () => {
    expect(guidInText(`The ID of the existing role assignment is ${guid.replaceAll('-', '')}.`)).toBe(guid);
    expect(guidInText(`is ${guid.toUpperCase()}.`)).toBe(guid);
    expect(guidInText('The role assignment already exists.')).toBeUndefined();
    expect(guidInText(`${guid.replaceAll('-', '')}00`)).toBeUndefined();
  });
});
