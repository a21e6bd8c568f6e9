import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { ObservedIssuer } from '../../kube/access/cluster-issuer.ts';
import type { Namespace } from '../../kube/builtin.ts';
import { KubeError } from '../../kube/errors.ts';
import { answersOf, type PolicyAnswer } from './answers.ts';
import type { ReadRole } from './questions.ts';

const SUB = '/subscriptions/11111111-2222-4333-8444-555555555555';
const RG = `${SUB}/resourceGroups/rg1`;
const VM = `${RG}/providers/Microsoft.Compute/virtualMachines/vm1`;
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const AUDIENCE = 'api://AzureADTokenExchange';
const CLUSTER: ObservedIssuer = { state: 'known', issuer: 'https://cluster.example.org' };
const UNREADABLE: ObservedIssuer = {
  state: 'unknown',
  error: new KubeError('forbidden', { reason: 'Forbidden', status: 403 }),
};

const metadata = (name: string) => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: '2026-11-29T00:00:00Z',
});
const NAMESPACE: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: metadata('team') };
const policy = (name: string, spec: Partial<IdentityPolicySpec>) =>
  ({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: metadata(name),
    spec: { namespaces: { names: ['team'] }, ...spec },
  }) as IdentityPolicy;
const object = (kind: string, spec: object, status: object = {}) =>
  ({ kind, metadata: { ...metadata('a'), namespace: 'team' }, spec, status }) as unknown as ManagedObject;
const grant = (spec: object, status?: object) =>
  object('RoleGrant', { principal: { identityRef: { name: 'app' } }, scope: RG, ...spec }, status);

interface Given {
  readonly policies?: readonly IdentityPolicy[];
  readonly clusterIssuer?: ObservedIssuer;
  readonly role?: ReadRole;
}

function answersTo(asking: ManagedObject, given: Given = {}): readonly PolicyAnswer[] {
  const { policies = POLICIES, clusterIssuer = CLUSTER, role } = given;
  return answersOf(
    asking,
    { policies, namespace: NAMESPACE },
    { clusterIssuer, defaultAudience: AUDIENCE, role },
  );
}
/** `allowed two spec.grants[1]`. */
const short = (asking: ManagedObject, given: Given = {}) =>
  answersTo(asking, given).map(({ answer, policy: name = '-', rule = '-' }) => `${answer} ${name} ${rule}`);

const POLICIES = [
  policy('one', {
    identities: { scopes: [`${SUB}/resourceGroups/rg9`, RG] },
    adoption: { identityIds: [`${RG}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/old`] },
    federation: [
      { issuers: ['https://a.example.org'], subjects: ['job:*'] },
      { issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] },
    ],
    systemAssigned: [{ types: ['*'], scopes: [RG] }],
    defaults: { subscriptionId: SUB.slice(15), resourceGroup: 'rg1', location: 'westeurope' },
  }),
  policy('two', {
    grants: [
      { roles: ['Reader'], scopes: [`${SUB}/resourceGroups/rg9`] },
      { roles: ['Contributor', READER], scopes: [RG] },
      { roles: ['Monitoring Reader'], scopes: [RG], maxDuration: '8h' },
    ],
    attachments: [
      { types: ['Microsoft.Web/sites'], scopes: [SUB] },
      { types: ['*'], scopes: [RG], selectors: true },
    ],
  }),
];
const reader = (type: ReadRole['type']): ReadRole => ({ guid: READER, name: 'Reader', type });
const contributor = (type: ReadRole['type']): ReadRole => ({
  guid: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  name: 'Contributor',
  type,
});

describe('the rule that allows', () => {
  it.each<[string, ManagedObject, readonly string[], Given?]>([
    [
      'an identity, by the defaults',
      object('UserAssignedIdentity', {}),
      ['allowed one spec.identities.scopes[1]'],
    ],
    [
      'an identity that is to be taken over',
      object('UserAssignedIdentity', { name: 'old', adoption: 'Adopt' }),
      ['allowed one spec.identities.scopes[1]', 'allowed one spec.adoption.identityIds[0]'],
    ],
    [
      'trust in an issuer',
      object('FederatedIdentityCredential', { issuer: 'https://a.example.org', subject: 'job:x' }),
      ['allowed one spec.federation[0]'],
    ],
    [
      'a ServiceAccount of this cluster',
      object('FederatedIdentityCredential', { kubernetes: { serviceAccount: { name: 'web' } } }),
      ['allowed one spec.federation[1]'],
    ],
    [
      'a resource’s own identity',
      object('SystemAssignedIdentity', { resourceId: VM }),
      ['allowed one spec.systemAssigned[0]'],
    ],
    [
      'an attachment',
      object('IdentityAttachment', { identityRef: { name: 'app' }, target: { resourceId: VM } }),
      ['allowed two spec.attachments[1]'],
    ],
    [
      'a selector, and what it found',
      object(
        'IdentityAttachment',
        {
          identityRef: { name: 'app' },
          target: {
            selector: {
              subscriptionId: SUB.slice(15),
              resourceGroup: 'rg1',
              type: 'Microsoft.Compute/virtualMachines',
              all: true,
            },
          },
        },
        { targets: [{ resourceId: VM, state: 'Attached' }] },
      ),
      ['allowed two spec.attachments[1]', 'allowed two spec.attachments[1]'],
    ],
    ['a role by its GUID', grant({ role: { id: READER } }), ['allowed two spec.grants[1]']],
    [
      'a role by its name, as Azure has it',
      grant({ role: { name: 'Reader' } }),
      ['allowed two spec.grants[1]'],
      { role: reader('CustomRole') },
    ],
    [
      'a built-in role by its name',
      grant({ role: { name: 'Contributor' } }),
      ['allowed two spec.grants[1]'],
      { role: contributor('BuiltInRole') },
    ],
    [
      'a role by the GUID that the status remembers',
      grant(
        { role: { name: 'Reader' } },
        { roleDefinitionId: `${SUB}/providers/x/roleDefinitions/${READER}` },
      ),
      ['allowed two spec.grants[1]'],
    ],
  ])('%s', (_, asking, expected, given) => {
    expect(short(asking, given)).toEqual(expected);
  });

  it('is none for an object of a kind that needs no permission', () => {
    expect(answersTo(object('HostIdentity', {}))).toEqual([]);
  });
});

describe('what is denied', () => {
  it.each<[string, ManagedObject, string, Given?]>([
    [
      'an identity elsewhere',
      object('UserAssignedIdentity', { resourceGroup: 'rg2' }),
      'allows an identity at',
    ],
    ['a scope that no rule names', grant({ role: { name: 'Reader' }, scope: SUB }), 'allows grants on scope'],
    [
      'a custom role of a built-in one’s name',
      grant({ role: { name: 'Contributor' } }),
      'it is a custom role',
      { role: contributor('CustomRole') },
    ],
    [
      'an issuer',
      object('FederatedIdentityCredential', { issuer: 'https://b.example.org', subject: 'job:x' }),
      'names issuer',
    ],
    [
      'everything, where no policy selects the namespace',
      grant({ role: { id: READER } }),
      'no IdentityPolicy selects',
      { policies: [] },
    ],
  ])('%s', (_, asking, why, given) => {
    expect(answersTo(asking, given)).toMatchObject([{ answer: 'denied', why: expect.stringContaining(why) }]);
  });

  it('policies that contradict each other, beside what is allowed', () => {
    const other = policy('three', { defaults: { location: 'northeurope' } });
    expect(answersTo(grant({ role: { id: READER } }), { policies: [...POLICIES, other] })).toMatchObject([
      { answer: 'denied', why: expect.stringContaining("'westeurope' in one and 'northeurope' in three") },
      { answer: 'allowed' },
    ]);
  });
});

describe('what cannot be decided from here', () => {
  it.each<[string, ManagedObject, object, Given?]>([
    [
      'a role by its name, which a custom one may have',
      grant({ role: { name: 'Contributor' } }),
      { policy: 'two', rule: 'spec.grants[1]', why: expect.stringContaining('--azure') },
    ],
    [
      'a role by a name that no policy has: one may name its GUID',
      grant({ role: { name: 'Reader' } }),
      {
        why: expect.stringContaining('if not so: no IdentityPolicy of namespace team (one, two) allows role'),
      },
    ],
    [
      'half a scope',
      grant({ role: { id: READER }, scope: `${SUB}/resourceGroups` }),
      { why: expect.stringContaining('spec.scope') },
    ],
    [
      'an identity without a place',
      object('UserAssignedIdentity', {}),
      { why: expect.stringContaining('neither spec nor policy gives subscriptionId') },
      { policies: [] },
    ],
    [
      'a ServiceAccount of a cluster whose issuer is not known',
      object('FederatedIdentityCredential', { kubernetes: { serviceAccount: { name: 'web' } } }),
      { why: expect.stringContaining('could not be read') },
      { clusterIssuer: UNREADABLE },
    ],
    [
      'an issuer that may be the cluster’s',
      object('FederatedIdentityCredential', {
        issuer: 'https://c.example.org',
        subject: 'system:serviceaccount:team:web',
      }),
      { rule: 'spec.federation[1]', why: expect.stringContaining("whether that is this cluster's issuer") },
      { clusterIssuer: UNREADABLE },
    ],
  ])('%s', (_, asking, expected, given) => {
    expect(answersTo(asking, given)).toMatchObject([{ answer: 'unknown', ...expected }]);
  });

  it('everything, where policies or the namespace may not be read', () => {
    const unread = answersOf(
      object('UserAssignedIdentity', {
        name: 'app',
        subscriptionId: SUB.slice(15),
        resourceGroup: 'rg1',
        location: 'x',
      }),
      { policies: POLICIES, namespace: undefined, why: 'namespace team: forbidden' },
      { clusterIssuer: CLUSTER, defaultAudience: AUDIENCE },
    );
    expect(unread).toMatchObject([{ answer: 'unknown', why: 'namespace team: forbidden' }]);
  });
});
