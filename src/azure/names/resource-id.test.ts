import { describe, expect, test } from 'vitest';
import {
  armKey,
  identityId,
  isWithinScope,
  parentScope,
  parseIdentityId,
  parseResourceId,
  sameId,
} from './resource-id.ts';

const coordinates = { subscriptionId: 'Sub-A', resourceGroup: 'Rg1', name: 'Web' };
const uai = identityId(coordinates);

describe('the key of an ARM id', () => {
  test.each([
    ['/subscriptions/A/resourceGroups/RG', '/subscriptions/a/resourcegroups/rg'],
    ['subscriptions/A/resourcegroups/rg/', '/subscriptions/a/resourcegroups/rg'],
    ['//subscriptions//A', '/subscriptions/a'],
    ['/', '/'],
  ])('of %s is %s', (id, key) => expect(armKey(id)).toBe(key));

  test('is the same for what azid sends and what Azure returns', () => {
    expect(sameId(uai, uai.replace('resourceGroups', 'resourcegroups'))).toBe(true);
    expect(sameId(uai, `${uai}2`)).toBe(false);
  });
});

describe('parsing', () => {
  test('gives back the coordinates of an identity, case as given', () => {
    expect(parseIdentityId(uai.replace('resourceGroups', 'resourcegroups'))).toEqual(coordinates);
  });

  test('takes a slot apart', () => {
    expect(
      parseResourceId('/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app/slots/blue'),
    ).toEqual({
      subscriptionId: 's',
      resourceGroup: 'g',
      provider: 'Microsoft.Web',
      path: [
        { type: 'sites', name: 'app' },
        { type: 'slots', name: 'blue' },
      ],
      name: 'blue',
    });
  });

  test.each([
    '',
    '/',
    '/subscriptions',
    '/resourceGroups/x',
    '/subscriptions/s/resourceGroups',
    '/subscriptions/s/x/y',
    '/subscriptions/s/providers/P/t',
    '/subscriptions/s/resourceGroups/..',
    '/subscriptions/s/resourceGroups/g?x=1',
  ])('refuses "%s" and says what was expected', (id) =>
    expect(() => parseResourceId(id)).toThrow(/Expected an ARM id .*, got /),
  );

  test.each([
    '/subscriptions/s/resourceGroups/g',
    `${uai}/federatedIdentityCredentials/f`,
    uai.replace('Managed', 'Other'),
  ])('does not take %s for an identity', (id) =>
    expect(() => parseIdentityId(id)).toThrow('Expected the ARM id of a user-assigned identity'),
  );
});

describe('scopes', () => {
  test('go up from a child to the subscription', () => {
    const climb: (string | undefined)[] = [`${uai}/federatedIdentityCredentials/f`];
    for (let at = climb[0]; at !== undefined; ) {
      at = parentScope(at);
      climb.push(at);
    }
    expect(climb.slice(1)).toEqual([
      uai,
      '/subscriptions/Sub-A/resourceGroups/Rg1',
      '/subscriptions/Sub-A',
      undefined,
    ]);
  });

  test('of an extension resource is its host', () => {
    expect(parentScope(`${uai}/providers/Microsoft.Authorization/roleAssignments/1`)).toBe(uai);
  });

  test.each([
    ['/subscriptions/a/resourceGroups/rg1/providers/P/t/n', '/subscriptions/A/resourcegroups/RG1', true],
    ['/subscriptions/a/resourceGroups/rg10', '/subscriptions/a/resourceGroups/rg1', false],
    ['/subscriptions/a/resourceGroups/rg1', '/subscriptions/a/resourceGroups/rg1/', true],
    ['/subscriptions/a', '/subscriptions/a/resourceGroups/rg1', false],
    ['/subscriptions/a', '/', true],
  ])('%s within %s: %s', (id, scope, within) => expect(isWithinScope(id, scope)).toBe(within));
});
