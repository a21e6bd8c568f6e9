import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { facts, fic, known, policy, seen, settled, TRUST } from './facts.fixture.ts';
import type { FederatedIdentityCredential } from './facts.ts';
import { GITHUB_ISSUER, githubSubject, isMutableSubject } from './trust.ts';

const names = { organization: 'contoso', repository: 'shop' };
const ids = { organizationId: 5_544_123, repositoryId: 991 };

describe('the subject of the preset', () => {
  it.each([
    [{ environment: 'production' }, ':environment:production'],
    [{ branch: 'main' }, ':ref:refs/heads/main'],
    [{ tag: 'v1' }, ':ref:refs/tags/v1'],
    [{ pullRequest: true }, ':pull_request'],
  ])('for %j has the ids where they are given', (context, written) => {
    expect(githubSubject({ ...names, ...context })).toBe(`repo:contoso/shop${written}`);
    expect(githubSubject({ ...names, ...ids, ...context })).toBe(`repo:contoso@5544123/shop@991${written}`);
  });
});

describe('a subject goes by names alone', () => {
  it.each([
    [GITHUB_ISSUER, 'repo:contoso/shop:environment:production', true],
    [GITHUB_ISSUER, 'repo:contoso/shop:pull_request', true],
    [`${GITHUB_ISSUER}/contoso-enterprise`, 'repo:contoso/shop:ref:refs/heads/main', true],
    [GITHUB_ISSUER, 'repo:contoso@5544123/shop@991:environment:production', false],
    // Of the organization's own making.
    [GITHUB_ISSUER, 'repository_id:991:environment:production', false],
    // Enterprise Server keeps the old form.
    ['https://github.example.org/_services/token', 'repo:contoso/shop:pull_request', false],
    ['https://token.actions.githubusercontent.com.evil.example', 'repo:contoso/shop:pull_request', false],
  ])('%s %s: %s', (issuer, subject, mutable) => {
    expect(isMutableSubject({ issuer, subject })).toBe(mutable);
  });
});

describe('an object that trusts a repository by its names', () => {
  const trust = {
    issuer: GITHUB_ISSUER,
    subject: 'repo:contoso/shop:environment:production',
    audience: TRUST.audience,
  };
  const allowed = policy({
    federation: [{ issuers: [GITHUB_ISSUER], subjects: ['repo:contoso/*:**', 'repo:contoso@5544123/*:**'] }],
  });
  const spec = (github: object): Partial<FederatedIdentityCredential['spec']> => ({
    issuer: undefined,
    subject: undefined,
    github: { ...names, environment: 'production', ...github },
  });
  const object = (github: object, status: object = {}) =>
    settled({ spec: spec(github), status: { ...trust, ...status } });
  const at = facts({ policies: [allowed], credentials: known(seen(trust)) });
  const flagged = { type: 'MutableSubject', status: 'True', reason: 'NamesWithoutIds' } as const;

  it('keeps what it has without a write, and says what to give', () => {
    const decision = decide(object({}), at);
    expect(decision.actions).toEqual([]);
    expect(decision.status.subject).toBe(trust.subject);
    expect(decision.summary.state).toBe('ready');
    expect(decision.conditions).toEqual([
      { ...flagged, message: expect.stringContaining('spec.github: set organizationId and repositoryId') },
    ]);
  });

  it('is reported also where a policy refuses it', () => {
    const decision = decide(fic({ spec: spec({}) }), facts({ policies: [policy({})] }));
    expect(decision.summary).toMatchObject({ state: 'stalled', reason: 'PolicyDenied' });
    expect(decision.conditions).toMatchObject([flagged]);
  });

  it('with ids changes its credential in place, shows what is trusted, and says no more', () => {
    const conditions = [{ ...flagged, message: 'm', lastTransitionTime: '2026-11-01T00:00:00Z' }];
    const decision = decide(object(ids, { conditions }), at);
    expect(decision.actions.at(-1)).toMatchObject({
      type: 'putCredential',
      trust: { subject: 'repo:contoso@5544123/shop@991:environment:production' },
    });
    expect(decision.conditions).toMatchObject([{ type: 'MutableSubject', status: 'False' }]);
    expect(decide(object(ids), at).conditions).toBeUndefined();
  });
});
