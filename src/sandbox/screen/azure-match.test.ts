import { describe, expect, it } from 'vitest';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { HostView } from '../../simulator/hosts/host-body.ts';
import type { Identity } from '../../simulator/identities/identities.ts';
import { differences, type SimulatedState } from './azure-match.ts';

const ID =
  '/subscriptions/S/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/shop';

const VM = '/subscriptions/S/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm';

const declared: UserAssignedIdentity = {
  apiVersion: 'azid.dev/v1alpha1',
  kind: 'UserAssignedIdentity',
  metadata: { name: 'shop', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { tags: { app: 'shop' } },
  status: { id: ID, principalId: 'p', clientId: 'c', tenantId: 't' },
};

const held: Identity = {
  id: ID.replace('resourceGroups', 'resourcegroups'),
  name: 'shop',
  subscriptionId: 'S',
  resourceGroup: 'rg',
  location: 'westeurope',
  tags: { App: 'shop', other: 'x' },
  tenantId: 't',
  principalId: 'p',
  clientId: 'c',
};

const holding = (...identities: Identity[]): SimulatedState => ({
  identities: () => identities,
  assignments: () => [
    { id: '/s/roleassignments/a', scope: '/subscriptions/S', roleGuid: 'guid', principalId: 'p' },
  ],
  credentials: () => [{ name: 'shop-1', issuer: 'https://i', subject: 's', audience: 'a' }],
  hosts: () => [
    {
      id: VM.toUpperCase(),
      system: { principalId: 'sp', clientId: 'sc' },
      attached: [
        { id: ID, principalId: 'p', clientId: 'c' },
        { id: `${ID}-dead`, principalId: null, clientId: null },
      ],
    } as unknown as HostView,
  ],
});

describe('what Azure has otherwise than an identity declares', () => {
  it('is nothing when all is as declared, foreign tags and the case of ids aside', () => {
    expect(differences(declared, holding(held))).toEqual([]);
  });

  it('is the identity when there is none, or none named yet', () => {
    expect(differences(declared, holding())).toEqual([`no identity ${ID}`]);
    const { status: _, ...fresh } = declared;
    expect(differences(fresh, holding(held))).toEqual(['no identity named in the status']);
  });

  it.each<[string, Partial<Identity>, string]>([
    ['a recycled principal', { principalId: 'q' }, 'principalId: expected p, found q'],
    ['another client id', { clientId: 'd' }, 'clientId: expected c, found d'],
    ['another tenant', { tenantId: 'v' }, 'tenantId: expected t, found v'],
    ['another name', { name: 'shop2' }, 'name: expected shop, found shop2'],
    ['a tag that is missing', { tags: {} }, 'tag app: expected shop, found none'],
    ['a tag of another value', { tags: { app: 'x' } }, 'tag app: expected shop, found x'],
  ])('is %s', (_, change, difference) => {
    expect(differences(declared, holding({ ...held, ...change }))).toEqual([difference]);
  });

  it('is a coordinate the spec names', () => {
    const named = {
      ...declared,
      spec: { resourceGroup: 'other', location: 'northeurope', isolationScope: 'Regional' as const },
    };
    expect(differences(named, holding(held))).toEqual([
      'resourceGroup: expected other, found rg',
      'location: expected northeurope, found westeurope',
      'isolationScope: expected Regional, found none',
    ]);
  });

  it('is undefined for kinds that have nothing of their own in Azure', () => {
    expect(differences({ ...declared, kind: 'IdentityPolicy' }, holding())).toBeUndefined();
  });
});

const common = { apiVersion: 'azid.dev/v1alpha1', metadata: declared.metadata };

describe('what Azure has otherwise than a grant declares', () => {
  const grant = (status: object) => ({
    ...common,
    kind: 'RoleGrant',
    spec: { scope: '/subscriptions/s' },
    status,
  });
  const status = {
    assignmentId: '/s/roleAssignments/A',
    principalId: 'P',
    roleDefinitionId: '/x/roleDefinitions/GUID',
  };

  it.each<[string, object, string[]]>([
    ['nothing', status, []],
    ['the assignment when none is named yet', {}, ['no role assignment named in the status']],
    [
      'an assignment that is not there',
      { assignmentId: '/s/roleAssignments/b' },
      ['no role assignment /s/roleAssignments/b'],
    ],
    ['another principal', { ...status, principalId: 'q' }, ['principalId: expected q, found p']],
    ['another role', { ...status, roleDefinitionId: '/x/other' }, ['role: expected other, found guid']],
  ])('is %s', (_, given, expected) => {
    expect(differences(grant(given), holding())).toEqual(expected);
  });
});

describe('what Azure has otherwise than a credential declares', () => {
  const credential = (status: object) => ({
    ...common,
    kind: 'FederatedIdentityCredential',
    spec: {},
    status,
  });
  const status = {
    id: `${ID}/federatedIdentityCredentials/SHOP-1`,
    identityId: ID,
    issuer: 'https://i',
    subject: 's',
    audience: 'a',
  };

  it.each<[string, object, string[]]>([
    ['nothing', status, []],
    ['the credential when none is named yet', {}, ['no credential named in the status']],
    ['a credential that is not there', { ...status, id: '/x/y' }, ['no credential /x/y']],
    ['another subject', { ...status, subject: 't' }, ['subject: expected t, found s']],
  ])('is %s', (_, given, expected) => {
    expect(differences(credential(given), holding())).toEqual(expected);
  });
});

describe('what Azure has otherwise than is declared of a resource', () => {
  const attachment = (status: object, target: object = { resourceId: VM }) => ({
    ...common,
    kind: 'IdentityAttachment',
    spec: { target },
    status,
  });
  const own = (status: object, resourceId = VM) => ({
    ...common,
    kind: 'SystemAssignedIdentity',
    spec: { resourceId },
    status,
  });
  const gone = `${VM}-gone`;

  it.each<[string, ManagedObject, string[] | undefined]>([
    ['nothing', attachment({ identityId: ID }), []],
    ['an identity that is not named yet', attachment({}), ['no resource named in the status']],
    [
      'an identity whose entry is dead',
      attachment({ identityId: `${ID}-dead` }),
      [`identity ${ID}-dead: expected attached, found none`],
    ],
    [
      'a resource that is not there',
      attachment({ identityId: ID }, { resourceId: gone }),
      [`no resource ${gone}`],
    ],
    ['not to be told of a selector', attachment({ identityId: ID }, { selector: {} }), undefined],
    ['nothing of its own identity', own({ principalId: 'SP' }), []],
    [
      'another own identity',
      own({ principalId: 'q' }),
      ['principalId of its own identity: expected q, found sp'],
    ],
  ])('is %s', (_, object, expected) => {
    expect(differences(object, holding())).toEqual(expected);
  });
});
