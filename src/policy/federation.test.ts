import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IdentityPolicy, IdentityPolicySpec } from '../api/identity-policy.ts';
import { evaluate } from './evaluate.ts';
import type { FederationRequest } from './federation.ts';
import { matchesSubject } from './subject-pattern.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const CLUSTER = 'https://oidc.example.org/cluster';
const teamA = { name: 'team-a', labels: {} };

function policy(
  federation: IdentityPolicySpec['federation'],
  name = 'p',
  names = ['team-a'],
): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { namespaces: { names }, ...(federation && { federation }) },
  };
}

const ask = (policies: IdentityPolicy[], request: Partial<FederationRequest> = {}) =>
  evaluate(policies, teamA).allowsFederation({
    issuer: CLUSTER,
    subject: 'system:serviceaccount:team-a:web',
    audience: 'api://AzureADTokenExchange',
    isClusterIssuer: (request.issuer ?? CLUSTER) === CLUSTER,
    ...request,
  });

describe('a rule may bound the audience', () => {
  const rule = { issuers: [CLUSTER], subjects: ['**'], audiences: ['api://AzureADTokenExchange'] };

  it('which then counts with issuer and subject, in one rule, letter by letter', () => {
    expect(ask([policy([rule])])).toEqual({ allowed: true, policy: 'p' });
    expect(ask([policy([rule])], { audience: 'api://other' })).toMatchObject({
      allowed: false,
      message: expect.stringContaining(
        'allows audience api://other for subject system:serviceaccount:team-a:web',
      ),
    });
    const elsewhere = { ...rule, subjects: ['x'], audiences: ['api://other'] };
    expect(ask([policy([rule, elsewhere])], { audience: 'api://other' }).allowed).toBe(false);
  });

  it('and without it any may be asked for', () => {
    const { audiences: _, ...any } = rule;
    expect(ask([policy([any])], { audience: 'api://other' }).allowed).toBe(true);
  });
});

describe('a denial names what is nearly what was asked for', () => {
  const message = (federation: IdentityPolicySpec['federation'], request: Partial<FederationRequest>) => {
    const verdict = ask([policy(federation)], request);
    return verdict.allowed ? 'allowed' : verdict.message;
  };
  const rule = {
    issuers: ['https://issuer.example/'],
    subjects: ['repo:contoso/app:*'],
    audiences: ['api://A'],
  };

  it.each([
    ['https://issuer.example', 'https://issuer.example/, which differs only in a slash at the end'],
    ['https://Issuer.example/', 'https://issuer.example/, which differs only in upper and lower case'],
    ['https://isuer.example/', 'https://issuer.example/, which is nearly that'],
  ])('issuer %s', (issuer, says) => {
    expect(message([rule], { issuer, isClusterIssuer: false })).toContain(says);
  });

  it('subjects and audiences', () => {
    const request = { issuer: 'https://issuer.example/', isClusterIssuer: false };
    expect(message([rule], { ...request, subject: 'repo:Contoso/app:main' })).toContain(
      'repo:contoso/app:* would match but for upper and lower case',
    );
    expect(message([rule], { ...request, subject: 'repo:contoso/app:main', audience: 'api://a' })).toContain(
      'only api://A; it names api://A, which differs only in upper and lower case',
    );
    expect(message([rule], { ...request, subject: 'other' })).not.toContain('would match');
  });
});

describe('subject patterns', () => {
  const rows: [pattern: string, subject: string, matches: boolean][] = [
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', 'aa', false],
    ['a', 'ba', false],
    ['', '', true],
    ['*', '', true],
    ['*', 'web', true],
    ['*', 'a:b', false],
    ['*', 'a/b', false],
    ['**', 'a:b/c', true],
    ['***', 'a:b/c', true],
    ['system:serviceaccount:$(namespace):*', 'system:serviceaccount:team-a:web', true],
    ['system:serviceaccount:$(namespace):*', 'system:serviceaccount:team-b:web', false],
    ['system:serviceaccount:$(namespace):*', 'system:serviceaccount:team-a:web:x', false],
    ['system:serviceaccount:*:web', 'system:serviceaccount:team-b:web', true],
    ['repo:org/*:ref:refs/heads/main', 'repo:org/app:ref:refs/heads/main', true],
    ['repo:org/*:ref:refs/heads/main', 'repo:org/app/x:ref:refs/heads/main', false],
    ['repo:org/*:ref:refs/heads/main', 'repo:org/app:ref:refs/heads/main2', false],
    ['repo:contoso@5544123/*:environment:*', 'repo:contoso@5544123/shop@991:environment:production', true],
    ['repo:contoso@5544123/*:**', 'repo:contoso@5544123/shop@991:ref:refs/heads/main', true],
    // The number is the owner's: its name may have passed to somebody else.
    ['repo:contoso@5544123/*:**', 'repo:contoso@6/shop@991:ref:refs/heads/main', false],
    ['repo:contoso@5544123/*:**', 'repo:contoso-evil@5544123/shop@991:ref:refs/heads/main', false],
    ['repo:contoso/*:**', 'repo:contoso@5544123/shop@991:ref:refs/heads/main', false],
    // Why the guide warns of it.
    ['repo:contoso*/*:**', 'repo:contoso-evil/shop:ref:refs/heads/main', true],
    ['repo:org/app:**', 'repo:org/app:pull_request', true],
    ['repo:org/app:**', 'repo:org/app2:pull_request', false],
    ['repo:org/**:ref:refs/heads/release/*', 'repo:org/a:ref:refs/heads/release/1.2', true],
    ['a*b*c', 'axxbyybzzc', true],
    ['a*b*c', 'axx:byybzzc', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaa', false],
    ['[a-z]', 'b', false],
    ['\\d', '1', false],
    ['$(Namespace)', 'team-a', false],
  ];
  it.each(rows)('%s and %s: %s', (pattern, subject, matches) => {
    expect(matchesSubject(pattern, subject, 'team-a')).toBe(matches);
  });

  it('without wildcards match exactly themselves', () => {
    const text = fc.string().filter((value) => !value.includes('*') && !value.includes('$(namespace)'));
    fc.assert(
      fc.property(text, fc.string(), (pattern, subject) => {
        expect(matchesSubject(pattern, pattern, 'team-a')).toBe(true);
        expect(matchesSubject(pattern, subject, 'team-a')).toBe(pattern === subject);
      }),
    );
  });

  it('agree with the regular expression of the same meaning', () => {
    const pieces = fc.array(fc.constantFrom('a', 'b', ':', '/', '*', '**', '.', '$(namespace)'), {
      maxLength: 8,
    });
    const subjects = fc.array(fc.constantFrom('a', 'b', ':', '/', '.', 'n'), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, subjects, (parts, letters) => {
        const pattern = parts.join('');
        const subject = letters.join('');
        const meaning = pattern
          .replaceAll('$(namespace)', 'n')
          .replaceAll('.', '\\.')
          .replaceAll(/\*+/g, (stars) => (stars === '*' ? '[^/:]*' : '.*'));
        expect(matchesSubject(pattern, subject, 'n')).toBe(new RegExp(`^${meaning}$`).test(subject));
      }),
      { numRuns: 2_000 },
    );
  });

  it('that would ruin a regular expression are answered all the same', () => {
    const pattern = '*a'.repeat(200);
    expect(matchesSubject(pattern, `${'a'.repeat(599)}b`, 'team-a')).toBe(false);
    expect(matchesSubject('**a'.repeat(150), 'a'.repeat(600), 'team-a')).toBe(true);
  });

  it('take a namespace for text, not for a pattern', () => {
    expect(matchesSubject('x:$(namespace)', 'x:anything', '*')).toBe(false);
  });
});

describe('federation', () => {
  const own = policy([{ issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] }], 'own');
  const github = policy([{ issuers: [GITHUB], subjects: ['repo:org/*:ref:refs/heads/main'] }], 'github');

  it('is denied without a policy, and by one that says nothing of it', () => {
    expect(ask([])).toEqual({
      allowed: false,
      message:
        'no IdentityPolicy selects namespace team-a; ask an administrator for an IdentityPolicy that does',
    });
    expect(ask([policy(undefined)])).toMatchObject({
      allowed: false,
      message: expect.stringContaining(`names issuer ${CLUSTER} ('cluster') in federation`),
    });
  });

  it('is allowed by the first policy that allows issuer and subject', () => {
    expect(ask([github, own])).toEqual({ allowed: true, policy: 'own' });
    expect(ask([own, github], { issuer: GITHUB, subject: 'repo:org/app:ref:refs/heads/main' })).toEqual({
      allowed: true,
      policy: 'github',
    });
  });

  it("is refused for another namespace's ServiceAccounts, naming the subject and what is allowed", () => {
    expect(ask([own], { subject: 'system:serviceaccount:kube-system:admin' })).toEqual({
      allowed: false,
      message: `no IdentityPolicy of namespace team-a (own) allows subject system:serviceaccount:kube-system:admin for issuer ${CLUSTER} ('cluster'), only system:serviceaccount:$(namespace):*; ask an administrator for an IdentityPolicy whose federation has a rule with both`,
    });
  });

  it('needs issuer and subject in one rule', () => {
    const two = policy([
      { issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] },
      { issuers: [GITHUB], subjects: ['repo:org/app:pull_request'] },
    ]);
    expect(ask([two], { issuer: GITHUB, subject: 'system:serviceaccount:team-a:web' }).allowed).toBe(false);
    expect(ask([two], { subject: 'repo:org/app:pull_request' }).allowed).toBe(false);
    expect(ask([own, github], { issuer: GITHUB }).allowed).toBe(false);
  });

  it('names issuers exactly: no prefix, no case, no trailing slash', () => {
    for (const issuer of [`${GITHUB}/`, `${GITHUB}.evil.example`, GITHUB.toUpperCase(), `${GITHUB}/x`]) {
      const subject = 'repo:org/app:ref:refs/heads/main';
      expect(ask([github], { issuer, subject }).allowed).toBe(false);
    }
    // `cluster` is a word of the policy; an issuer of that name would not be the cluster's.
    expect(ask([own], { issuer: 'cluster', isClusterIssuer: false }).allowed).toBe(false);
  });

  it("may name the cluster's issuer by its URL too", () => {
    const byUrl = policy([{ issuers: [CLUSTER], subjects: ['system:serviceaccount:$(namespace):*'] }]);
    expect(ask([byUrl]).allowed).toBe(true);
  });

  it('ends with the policy, and reaches only the namespaces the policy selects', () => {
    const leaving = { ...own, metadata: { ...own.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } };
    expect(ask([leaving]).allowed).toBe(false);
    expect(ask([policy(own.spec.federation, 'b', ['team-b'])]).allowed).toBe(false);
  });

  it('lists no more patterns than a reader can use', () => {
    const subjects = Array.from({ length: 20 }, (_, index) => `s${index}`);
    expect(ask([policy([{ issuers: ['cluster'], subjects }])])).toMatchObject({
      message: expect.stringContaining('s7 and 12 more;'),
    });
  });
});

describe('a subject of GitHub with ids, where a policy has names alone', () => {
  const subject = 'repo:contoso@5544123/shop@991:environment:production';
  const verdict = (pattern: string) =>
    ask([policy([{ issuers: [GITHUB], subjects: [pattern] }])], { issuer: GITHUB, subject });

  it('is refused with the pattern that is safe', () => {
    expect(verdict('repo:contoso/*:environment:production')).toMatchObject({
      allowed: false,
      message: expect.stringContaining('is repo:contoso@5544123/*:environment:production;'),
    });
  });

  it('is refused without that where the repository is not allowed either', () => {
    const refused = verdict('repo:contoso/blog:**');
    expect(refused.allowed).toBe(false);
    expect(JSON.stringify(refused)).not.toContain('by its names alone');
  });

  it('is allowed by the pattern that the refusal names', () => {
    expect(verdict('repo:contoso@5544123/*:environment:production').allowed).toBe(true);
  });
});
