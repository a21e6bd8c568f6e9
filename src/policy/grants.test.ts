import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../api/identity-policy.ts';
import { evaluate } from './evaluate.ts';
import { type GrantRequest, parseDuration } from './grants.ts';

const SUB = '/subscriptions/00000000-0000-0000-0000-000000000001';
const GROUP = `${SUB}/resourceGroups/rg1`;
const MG = '/providers/Microsoft.Management/managementGroups/platform';
const READER = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const CUSTOM = 'c0c0c0c0-0000-4000-8000-000000000001';
const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
const CREATED = Date.parse('2026-11-23T10:00:00Z');
const HOUR = 3_600_000;

type Rule = NonNullable<IdentityPolicySpec['grants']>[number];
const rule = (change: Partial<Rule> = {}): Rule => ({ roles: ['Reader'], scopes: [GROUP], ...change });

function policy(name: string, ...grants: Rule[]): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { namespaces: { names: ['team-a'] }, ...(grants.length > 0 && { grants }) },
  };
}

const ask = (change: Partial<GrantRequest> = {}): GrantRequest => ({
  roleGuid: READER,
  roleName: 'Reader',
  roleType: 'BuiltInRole',
  scope: GROUP,
  principal: { identityRef: true },
  createdAt: CREATED,
  ...change,
});
const custom = { roleGuid: CUSTOM, roleName: 'Team reader', roleType: 'CustomRole' } as const;
const verdict = (policies: readonly IdentityPolicy[], request: GrantRequest) =>
  evaluate(policies, { name: 'team-a', labels: {} }).allowsGrant(request);

describe('what is allowed', () => {
  const rows: { title: string; rules: Rule[]; request: GrantRequest }[] = [
    { title: 'a built-in role by name, in any case', rules: [rule({ roles: ['READER'] })], request: ask() },
    {
      title: 'a role by GUID, in any case',
      rules: [rule({ roles: [READER.toUpperCase()] })],
      request: ask(),
    },
    { title: 'a custom role by GUID', rules: [rule({ roles: [CUSTOM] })], request: ask(custom) },
    { title: 'the very scope, in any case', rules: [rule()], request: ask({ scope: GROUP.toLowerCase() }) },
    {
      title: 'what lies beneath the scope',
      rules: [rule({ scopes: [SUB] })],
      request: ask({ scope: `${GROUP}/providers/Microsoft.Storage/storageAccounts/a` }),
    },
    { title: 'everything beneath the tenant', rules: [rule({ scopes: ['/'] })], request: ask({ scope: MG }) },
    { title: 'the tenant itself', rules: [rule({ scopes: ['/'] })], request: ask({ scope: '/' }) },
    {
      title: 'a management group',
      rules: [rule({ scopes: [MG] })],
      request: ask({ scope: MG.toUpperCase() }),
    },
    {
      title: 'a principal that is listed',
      rules: [rule({ principals: { ids: [PRINCIPAL.toUpperCase()] } })],
      request: ask({ principal: { id: PRINCIPAL } }),
    },
    {
      title: 'a grant that ends in time',
      rules: [rule({ maxDuration: '8h' })],
      request: ask({ expiresAt: CREATED + 8 * HOUR }),
    },
    {
      title: 'what the second rule allows',
      rules: [rule({ scopes: [SUB], roles: ['Owner'] }), rule()],
      request: ask(),
    },
  ];
  it.each(rows)('$title', ({ rules, request }) => {
    expect(verdict([policy('p', ...rules)], request)).toEqual({ allowed: true, policy: 'p' });
  });
});

describe('what is denied', () => {
  const rows: { title: string; rules: Rule[]; request: GrantRequest; says: RegExp }[] = [
    {
      title: 'anything, when no rule is there',
      rules: [],
      request: ask(),
      says: /team-a \(p\) allows grants on scope/,
    },
    {
      title: 'a scope beside the allowed one, although its name begins alike',
      rules: [rule()],
      request: ask({ scope: `${GROUP}0` }),
      says: /scope .*rg10/,
    },
    { title: 'the scope above', rules: [rule()], request: ask({ scope: SUB }), says: /grants on scope/ },
    {
      title: 'a subscription, for a rule at a management group',
      rules: [rule({ scopes: [MG] })],
      request: ask({ scope: SUB }),
      says: /grants on scope/,
    },
    {
      title: 'the tenant, for a rule at a subscription',
      rules: [rule({ scopes: [SUB] })],
      request: ask({ scope: '/' }),
      says: /grants on scope/,
    },
    {
      title: 'another role',
      rules: [rule()],
      request: ask({ roleName: 'Owner', roleGuid: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635' }),
      says: /role 'Owner' \(8e3af657-a8ff-443c-a75c-2fe8c4bcb635\) on scope/,
    },
    {
      title: 'a custom role that took the name of an allowed one',
      rules: [rule({ roles: ['Team reader'] })],
      request: ask(custom),
      says: /custom role.*by its GUID/,
    },
    {
      title: 'a resource in a group that a policy misspells',
      rules: [rule({ scopes: [`${SUB}/resourceGroups/team_a`] })],
      request: ask({ scope: `${SUB}/resourceGroups/team-a/providers/Microsoft.Web/sites/x` }),
      says: /it names .*resourceGroups\/team_a, which is nearly that/,
    },
    {
      title: 'a role that a policy misspells',
      rules: [rule({ roles: ['Redaer'] })],
      request: ask(),
      says: /a policy names 'Redaer', which is nearly that/,
    },
    {
      title: 'a group whose name holds U+212A, which a change of case would make a k',
      rules: [rule({ scopes: [`${SUB}/resourceGroups/team-k`] })],
      request: ask({ scope: `${SUB}/resourceGroups/team-\u212a` }),
      says: /grants on scope/,
    },
    {
      title: 'a built-in role by an entry with a no-break space, which is another name',
      rules: [rule({ roles: ['Reader\u00a0'] })],
      request: ask(),
      says: /role 'Reader'/,
    },
    {
      title: 'a principal by id, when only identities of the namespace are meant',
      rules: [rule()],
      request: ask({ principal: { id: PRINCIPAL } }),
      says: new RegExp(`principal ${PRINCIPAL} \\(principals.ids\\)`),
    },
    {
      title: 'identities of the namespace, when they are switched off',
      rules: [rule({ principals: { identityRefs: false, ids: [PRINCIPAL] } })],
      request: ask(),
      says: /principals.identityRefs/,
    },
    {
      title: 'a grant for ever, where a longest duration is set',
      rules: [rule({ maxDuration: '30m' }), rule({ maxDuration: '8h' })],
      request: ask(),
      says: /without an expiresAt: the longest is 8h/,
    },
    {
      title: 'a grant that lasts a moment too long',
      rules: [rule({ maxDuration: '8h' })],
      request: ask({ expiresAt: CREATED + 8 * HOUR + 1 }),
      says: /for so long: the longest is 8h/,
    },
    {
      title: 'what only two rules together would allow',
      rules: [rule({ roles: ['Owner'], maxDuration: '1h' }), rule({ scopes: [SUB], roles: ['Reader'] })],
      request: ask({ roleName: 'Owner', roleGuid: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635', scope: SUB }),
      says: /role 'Owner'/,
    },
  ];
  it.each(rows)('$title', ({ rules, request, says }) => {
    const denied = verdict([policy('p', ...rules)], request);
    expect(denied).toMatchObject({ allowed: false, message: expect.stringMatching(says) });
    expect(denied).toMatchObject({ message: expect.stringContaining('ask an administrator') });
  });

  it('everything, when no policy selects the namespace', () => {
    expect(verdict([], ask())).toMatchObject({
      allowed: false,
      message: expect.stringContaining('no IdentityPolicy selects namespace team-a'),
    });
  });
});

it('adds the rules of several policies up, and names the one that allows', () => {
  const policies = [policy('a', rule({ roles: ['Owner'] })), policy('b', rule())];
  expect(verdict(policies, ask())).toEqual({ allowed: true, policy: 'b' });
});

it('knows before any role is known whether a scope is out of the question', () => {
  const { allowsAnyGrantAt } = evaluate([policy('p', rule())], { name: 'team-a', labels: {} });
  expect(allowsAnyGrantAt(`${GROUP}/providers/a/b/c`).allowed).toBe(true);
  expect(allowsAnyGrantAt(SUB)).toMatchObject({ allowed: false, message: expect.stringContaining(SUB) });
});

it.each([
  ['30d', 30 * 24 * HOUR],
  ['8h', 8 * HOUR],
  ['90m', 1.5 * HOUR],
  ['1d2h3m', 26 * HOUR + 180_000],
] as const)('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));
