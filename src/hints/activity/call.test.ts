import { describe, expect, it } from 'vitest';
import { callerOf, isOwnText, operationOf, ownCaller } from './call.ts';

const APP = '11111111-0000-4000-8000-000000000001';
const OBJECT = '22222222-0000-4000-8000-000000000002';
const SUB = '/subscriptions/00000000-0000-0000-0000-00000000000a';

describe('a caller', () => {
  it.each([
    [
      'by the name of a user',
      { name: 'alice@contoso.com', appId: APP, objectId: OBJECT },
      'alice@contoso.com',
    ],
    ['else by the application', { appId: APP, objectId: OBJECT }, `application ${APP}`],
    ['else by the principal', { objectId: OBJECT }, `principal ${OBJECT}`],
    ['not at all where nothing is told', {}, undefined],
    ['not by a name of blanks', { name: ' \t ', objectId: OBJECT }, `principal ${OBJECT}`],
    ['on one line', { name: 'alice\r\nReady: True\u0007' }, 'alice Ready: True'],
    ['without marks that turn text around', { name: 'a\u202Elice\u200B' }, 'a lice'],
    ['as nobody else than azid is', { name: 'azid (me)' }, 'another azid (me)'],
    ['as nobody else than azid is, in any case', { name: 'AZID' }, 'another AZID'],
    ['as it is where it only begins so', { name: 'azides@contoso.com' }, 'azides@contoso.com'],
  ])('is shown %s', (_, caller, text) => {
    expect(callerOf(caller).caller).toBe(text);
  });

  it('is cut between letters', () => {
    const { caller = '' } = callerOf({ name: '😀'.repeat(10_000) });
    expect([...caller]).toHaveLength(128);
    expect(caller.isWellFormed()).toBe(true);
    expect(caller.endsWith('…')).toBe(true);
  });

  it('has a name, or ids alone', () => {
    expect(callerOf({ name: 'alice' }).isNamed).toBe(true);
    expect(callerOf({ appId: APP }).isNamed).toBeUndefined();
    expect(callerOf(undefined)).toEqual({});
  });
});

it('azid is recognised by the object id of its identity, once that is known', () => {
  expect([ownCaller(undefined), ownCaller(OBJECT)]).toEqual(['azid', `azid (${OBJECT})`]);
  expect([ownCaller(undefined), ownCaller(OBJECT), callerOf({ name: 'azid' }).caller].map(isOwnText)).toEqual(
    [true, true, false],
  );
});

describe('what Azure calls a write', () => {
  it.each([
    [
      `${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`,
      'write',
      'Microsoft.ManagedIdentity/userAssignedIdentities/write',
    ],
    [
      `${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app/federatedIdentityCredentials/ci`,
      'delete',
      'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete',
    ],
    [
      `${SUB}/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/a/providers/Microsoft.Authorization/roleAssignments/x`,
      'write',
      'Microsoft.Authorization/roleAssignments/write',
    ],
    [
      '/providers/Microsoft.Authorization/roleAssignments/x',
      'delete',
      'Microsoft.Authorization/roleAssignments/delete',
    ],
    [
      `${SUB}/resourceGroups/rg1/providers/Microsoft.Web/sites/shop/slots/blue`,
      'write',
      'Microsoft.Web/sites/slots/write',
    ],
  ] as const)('of %s', (id, change, operation) => {
    expect(operationOf(id, change)).toBe(operation);
  });
});
