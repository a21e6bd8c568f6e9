import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../api/identity-policy.ts';
import type { Namespace } from '../kube/builtin.ts';
import { type NamespacePolicy, policyFor } from './evaluate.ts';
import type { Verdict } from './verdict.ts';

const SUB = '/subscriptions/00000000-0000-0000-0000-000000000001';
const VM = `${SUB}/resourceGroups/rg1/providers/Microsoft.Compute/virtualMachines/vm`;
const ID = `${SUB}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const type = 'Microsoft.Compute/virtualMachines';
const host = { hostId: VM, type, known: true, adopt: false };

const requests: [string, (policy: NamespacePolicy) => Verdict][] = [
  ['an identity', (policy) => policy.allowsIdentity(ID)],
  ['taking over an identity', (policy) => policy.allowsAdoption(ID)],
  [
    'a grant',
    (policy) =>
      policy.allowsGrant({
        roleGuid: READER,
        roleName: 'Reader',
        roleType: 'BuiltInRole',
        scope: SUB,
        principal: { identityRef: true },
        createdAt: 0,
      }),
  ],
  ['any grant', (policy) => policy.allowsAnyGrantAt(SUB)],
  [
    'a credential',
    (policy) =>
      policy.allowsFederation({ issuer: 'https://i', subject: 's', audience: 'a', isClusterIssuer: false }),
  ],
  [
    'an attachment',
    (policy) => policy.allowsAttachment({ ...host, bySelector: false, identity: { identityRef: true } }),
  ],
  ['a selector', (policy) => policy.allowsSelector({ scope: SUB, type, known: true })],
  ['a system-assigned identity', (policy) => policy.allowsSystemAssigned(host)],
];

const everything: Omit<IdentityPolicySpec, 'namespaces'> = {
  identities: { scopes: [SUB] },
  adoption: { identityIds: [ID] },
  grants: [{ roles: ['Reader'], scopes: [SUB] }],
  federation: [{ issuers: ['https://i'], subjects: ['**'] }],
  attachments: [{ types: ['*'], scopes: [SUB], selectors: true }],
  systemAssigned: [{ types: ['*'], scopes: [SUB] }],
  defaults: { location: 'westeurope' },
};

const BORN = '2026-11-23T10:00:00Z';
const object = { metadata: { namespace: 'team-a', creationTimestamp: BORN } };

/** By every way to select: by name, by any label, by the absence of one. */
const SELECTING: IdentityPolicySpec['namespaces'][] = [
  { names: ['team-a'] },
  { selector: {} },
  { selector: { matchExpressions: [{ key: 'restricted', operator: 'DoesNotExist' }] } },
  { selector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } },
];

function ask(namespace: Partial<Namespace['metadata']> | undefined, namespaces = SELECTING): NamespacePolicy {
  const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: BORN });
  const policies = namespaces.map(
    (each, at): IdentityPolicy => ({
      apiVersion: 'azid.dev/v1alpha1',
      kind: 'IdentityPolicy',
      metadata: meta(`p${at}`),
      spec: { namespaces: each, ...everything },
    }),
  );
  const seen = namespace && ({ metadata: { ...meta('team-a'), ...namespace } } as Namespace);
  return policyFor(object, {
    policies: { values: () => policies, version: 0 },
    namespaces: { get: (key) => (key === 'team-a' ? seen : undefined) },
  });
}

describe('while the namespace was not seen', () => {
  it.each(requests)('%s is not given, however the policies select', (_, request) => {
    const verdict = request(ask(undefined));
    expect(verdict).toMatchObject({
      allowed: false,
      unseen: true,
      message: expect.stringMatching(/^waiting for namespace team-a, which azid has not seen yet/),
    });
  });

  it('nothing is defaulted, and no conflict is reported', () => {
    expect(ask(undefined)).toMatchObject({ policies: [], conflicts: [], defaults: { tags: {} } });
  });
});

describe('once it is there', () => {
  it.each(requests)('%s is what the policies say', (_, request) => {
    expect(request(ask({}))).toMatchObject({ allowed: true });
    const denied = request(ask({ labels: { restricted: 'yes', env: 'prod' } }, SELECTING.slice(2)));
    expect(denied).toMatchObject({ allowed: false });
    expect(denied).not.toHaveProperty('unseen');
  });
});

describe('a namespace that is going', () => {
  it('still governs what was made before', () => {
    expect(ask({ deletionTimestamp: '2026-11-23T10:00:01Z' }).unseen).toBeUndefined();
  });

  it('says nothing of an object that was made after: that lives in the next one of the name', () => {
    expect(ask({ deletionTimestamp: '2026-11-23T09:59:59Z' }).unseen).toBeDefined();
    expect(ask({ deletionTimestamp: BORN }).unseen).toBeDefined();
  });
});

it('is the one way to ask: nobody else evaluates policies, or takes an unknown namespace for one without labels', () => {
  const source = join(import.meta.dirname, '..');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts$/.test(file) && !/\.(test|fixture)\.ts$|^simulator/.test(file),
  );
  const asking = files.filter((file) =>
    /policies\.values\(\)|labels: \{\} \}|import [^;]*\bevaluate\b[^;]*policy\/evaluate/.test(
      readFileSync(join(source, file), 'utf8'),
    ),
  );
  // The IdentityPolicy's own reconciler looks for contradictions in every namespace there is; `azid status` names the rule of a
  // verdict that `policyFor` gave.
  expect(asking.toSorted()).toEqual([
    'inspect/policy/answers.ts',
    'policy/evaluate.ts',
    'reconcilers/identity-policy/index.ts',
  ]);
});

describe('an answer that was given before', () => {
  const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: BORN });
  const policy = (name: string): IdentityPolicy => ({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: meta(name),
    spec: { namespaces: { selector: { matchLabels: { env: 'dev' } } }, ...everything },
  });
  const named = (labels: Record<string, string>) =>
    ({ metadata: { ...meta('team-a'), labels } }) as Namespace;

  it('is given again while policies and namespace are as they were, and no longer', () => {
    let [seen, all] = [named({ env: 'dev' }), [policy('one')]];
    const policies = { values: () => all, version: 1 };
    const answer = () => policyFor(object, { policies, namespaces: { get: () => seen } });
    const first = answer();
    expect(first.policies).toEqual(['one']);
    expect(answer()).toBe(first);
    all = [policy('one'), policy('two')];
    policies.version += 1;
    expect(answer().policies).toEqual(['one', 'two']);
    seen = named({ env: 'prod' });
    expect(answer().policies).toEqual([]);
  });
});
