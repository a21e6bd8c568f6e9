import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { IdentityPolicy } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { AzureError } from '../../azure/arm/errors.ts';
import { rightsOf } from '../../azure/permissions.ts';
import { KubeError } from '../../kube/errors.ts';
import { AZURE_RIGHTS } from '../../operator/azure/azure-rights.ts';
import { needsOf } from './needs.ts';
import { rightsFinding, rolesFor, unreadable } from './rights.ts';
import { notAsked, notSignedIn, signedIn } from './sign-in.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const RG = `${SUB}/resourceGroups/rg1`;
const VM = `${RG}/providers/Microsoft.Compute/virtualMachines/vm1`;
const IDENTITY = `${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app`;

const object = (kind: string, spec: object, status: object = {}) =>
  ({ kind, metadata: { name: 'a', namespace: 'team' }, spec, status }) as unknown as ManagedObject;
const policy = (spec: object) =>
  ({ metadata: { name: 'p' }, spec: { namespaces: {}, ...spec } }) as unknown as IdentityPolicy;
/** By scope: the last words of its actions. */
const short = (objects: readonly ManagedObject[], policies: readonly IdentityPolicy[] = []) =>
  Object.fromEntries(
    needsOf(objects, policies).map(({ scope, actions }) => [
      scope.replace(SUB, '').replace('/resourcegroups', '') || 'subscription',
      actions.map((each) => each.split('/').slice(-2).join('/')),
    ]),
  );

const LISTS = ['values/read', 'userAssignedIdentities/read'];
const KEEP = ['userAssignedIdentities/delete', 'userAssignedIdentities/read', 'userAssignedIdentities/write'];
const GRANTS = [
  'roleAssignments/delete',
  'roleAssignments/read',
  'roleAssignments/write',
  'roleDefinitions/read',
];
const SWEEP = [
  'federatedIdentityCredentials/read',
  'listAssociatedResources/action',
  'roleAssignments/read',
  'userAssignedIdentities/read',
];
const coordinates = { subscriptionId: SUB.slice(15), resourceGroup: 'RG1', location: 'x', name: 'app' };

describe('the rights that are needed', () => {
  it.each<[string, readonly ManagedObject[], object]>([
    ['for nothing', [], {}],
    [
      'for an identity',
      [object('UserAssignedIdentity', {}, { coordinates })],
      { subscription: LISTS, '/rg1': KEEP },
    ],
    ['for one that is nowhere yet', [object('UserAssignedIdentity', {})], {}],
    [
      'for a credential',
      [object('FederatedIdentityCredential', {}, { identityId: IDENTITY })],
      {
        subscription: ['values/read'],
        '/rg1': ['delete', 'read', 'write'].map((verb) => `federatedIdentityCredentials/${verb}`),
      },
    ],
    [
      'for a grant on a group',
      [object('RoleGrant', { scope: RG })],
      { subscription: ['roleAssignments/read', 'values/read'], '/rg1': GRANTS },
    ],
    ['for a grant on the tenant', [object('RoleGrant', { scope: '/' })], { '/': GRANTS }],
    [
      'for an attachment',
      [object('IdentityAttachment', { identityId: IDENTITY, target: { resourceId: VM } })],
      {
        subscription: ['virtualMachines/read', ...LISTS],
        '/rg1': [
          'virtualMachines/read',
          'virtualMachines/write',
          'assign/action',
          'userAssignedIdentities/read',
        ],
      },
    ],
    [
      'for a selector',
      [
        object('IdentityAttachment', {
          target: { selector: { subscriptionId: SUB.slice(15), type: 'Microsoft.Web/sites' } },
        }),
      ],
      { subscription: ['values/read', 'sites/read', 'sites/write'] },
    ],
    [
      'for a resource’s own identity',
      [object('SystemAssignedIdentity', { resourceId: VM })],
      {
        subscription: ['virtualMachines/read', 'values/read'],
        '/rg1': ['virtualMachines/read', 'virtualMachines/write'],
      },
    ],
    [
      'for a sweep of a group that reports',
      [object('OrphanSweep', { scopes: [RG] })],
      {
        subscription: ['*/read', ...LISTS, 'roleAssignments/read'],
        '/rg1': SWEEP,
      },
    ],
    [
      'for a sweep that deletes',
      [object('OrphanSweep', { scopes: [RG], mode: 'Delete' })],
      {
        subscription: ['*/read', ...LISTS, 'roleAssignments/read'],
        '/rg1': [
          ...SWEEP,
          'federatedIdentityCredentials/delete',
          'roleAssignments/delete',
          'userAssignedIdentities/delete',
        ],
      },
    ],
    [
      'for what is no scope',
      [object('RoleGrant', { scope: '/subscriptions' })],
      { '/subscriptions': GRANTS },
    ],
  ])('%s', (_, objects, expected) => {
    const sorted = Object.fromEntries(
      Object.entries(expected).map(([scope, actions]) => [scope, (actions as string[]).toSorted()]),
    );
    const found = Object.fromEntries(
      Object.entries(short(objects)).map(([scope, actions]) => [scope, actions.toSorted()]),
    );
    expect(found).toEqual(sorted);
  });

  it('are also for what policies let teams ask for', () => {
    const all = short(
      [],
      [
        policy({
          identities: { scopes: [RG] },
          federation: [{}],
          grants: [{ scopes: [SUB] }],
          attachments: [{ scopes: [RG], types: ['*', 'Microsoft.Web/sites'] }],
        }),
      ],
    );
    expect(all['/rg1']).toEqual(
      expect.arrayContaining([...KEEP, 'sites/write', 'federatedIdentityCredentials/write']),
    );
    expect(all.subscription).toEqual(expect.arrayContaining([...GRANTS, 'sites/read']));
  });

  it('are known to the table of rights', () => {
    const known = new Set(AZURE_RIGHTS.map(({ right }) => right.toLowerCase()));
    const everything = needsOf(
      [
        object('UserAssignedIdentity', {}, { coordinates }),
        object('FederatedIdentityCredential', {}, { identityId: IDENTITY }),
        object('RoleGrant', { scope: RG }),
        object('IdentityAttachment', { identityId: IDENTITY, target: { resourceId: VM } }),
        object('OrphanSweep', { scopes: [RG], mode: 'Delete' }),
      ],
      [],
    ).flatMap(({ actions }) => actions);
    expect(everything.filter((action) => !known.has(action.toLowerCase()))).toEqual([]);
  });
});

describe('the roles that have what is missing', async () => {
  const folder = new URL('../../../deploy/azure/', import.meta.url);
  const given = async (name: string) => {
    const text = await readFile(new URL(`azid-${name}-role.json`, folder), 'utf8');
    return (JSON.parse(text) as { Actions: string[] }).Actions;
  };
  const names = ['reader', 'identities', 'grants', 'hosts', 'orphans'];
  const has = new Map<string, readonly string[]>(
    await Promise.all(names.map(async (name) => [`azid ${name}`, await given(name)] as const)),
  );
  const identity = object('UserAssignedIdentity', {}, { coordinates });
  const credential = object('FederatedIdentityCredential', {}, { identityId: IDENTITY });
  const attachment = object('IdentityAttachment', { identityId: IDENTITY, target: { resourceId: VM } });

  it.each<[string, readonly ManagedObject[], object]>([
    ['an identity', [identity], { subscription: ['azid reader'], '/rg1': ['azid identities'] }],
    ['a credential', [credential], { subscription: ['azid reader'], '/rg1': ['azid identities'] }],
    [
      'a grant',
      [object('RoleGrant', { scope: RG })],
      { subscription: ['azid reader'], '/rg1': ['azid grants'] },
    ],
    ['an attachment', [attachment], { subscription: ['Reader'], '/rg1': ['azid hosts'] }],
    [
      'a sweep that reports',
      [object('OrphanSweep', { scopes: [RG] })],
      { subscription: ['Reader'], '/rg1': ['azid orphans'] },
    ],
    [
      'a sweep that deletes',
      [object('OrphanSweep', { scopes: [RG], mode: 'Delete' })],
      { subscription: ['Reader'], '/rg1': ['azid orphans', 'azid identities', 'azid grants'] },
    ],
    [
      'all of them',
      [identity, credential, attachment, object('RoleGrant', { scope: RG })],
      {
        subscription: ['Reader'],
        '/rg1': ['azid identities', 'azid grants', 'azid hosts'],
      },
    ],
  ])('for %s change nothing where azid only reads, and have all of it', (_, objects, expected) => {
    const needs = needsOf(objects, []);
    const found = needs.map(({ scope, actions }) => [
      scope.replace(SUB, '').replace('/resourcegroups', '') || 'subscription',
      rolesFor(actions),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
    for (const { actions } of needs) {
      const roles = rolesFor(actions);
      const all = roles.flatMap((role) => has.get(role) ?? []).map((each) => each.toLowerCase());
      const isThere = (action: string) =>
        all.includes(action.toLowerCase()) || (roles.includes('Reader') && action.endsWith('/read'));
      expect(actions.filter((action) => !isThere(action))).toEqual([]);
    }
  });
});

describe('the rights that are there', () => {
  const need = {
    scope: RG,
    actions: [
      'Microsoft.ManagedIdentity/userAssignedIdentities/write',
      'Microsoft.Authorization/roleAssignments/write',
    ],
  };

  it('are enough, or what is missing is named with the role that has it', () => {
    expect(rightsFinding(need, rightsOf([{ actions: ['*'], notActions: [] }]))).toMatchObject({
      state: 'ok',
    });
    const some = rightsOf([{ actions: ['*'], notActions: ['Microsoft.Authorization/*/write'] }]);
    expect(rightsFinding(need, some)).toMatchObject({
      state: 'problem',
      message: `at ${RG} 1 of 2 are missing: Microsoft.Authorization/roleAssignments/write`,
      remedy: expect.stringContaining('assign azid grants there or above'),
    });
  });

  it('cannot be asked for without any, and an outage is none of that', () => {
    expect(unreadable(need, new AzureError({ code: 'AuthorizationFailed', message: 'no' }))).toMatchObject({
      state: 'problem',
      remedy: expect.stringContaining('azid identities and azid grants'),
    });
    expect(unreadable(need, new AzureError({ code: 'Http503', message: 'no' })).state).toBe('unknown');
  });
});

describe('the sign-in', () => {
  it('reports the principal that got a token, or why none did, in one line', () => {
    expect(signedIn({ clientId: 'c', objectId: 'o', tenantId: 't' }, 'azid')).toMatchObject({ state: 'ok' });
    const forbidden = new KubeError('forbidden', { reason: 'Forbidden', status: 403 });
    expect(notAsked(forbidden, 'azid')).toMatchObject({
      state: 'unknown',
      message: 'whether azid gets a token: forbidden',
    });
    const refused = notSignedIn('AADSTS700213: No matching federated identity record\r\nTrace ID: x', 'azid');
    expect(refused).toMatchObject({
      state: 'problem',
      message: 'azid gets no token: AADSTS700213: No matching federated identity record',
      remedy: expect.stringContaining('issuer, subject and audience'),
    });
    expect(notSignedIn('getaddrinfo ENOTFOUND', 'azid').remedy).toContain('authentication-fails');
  });
});
