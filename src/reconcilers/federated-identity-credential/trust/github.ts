import type { Finding } from '../../../runtime/status/conditions.ts';
import { findCondition } from '../../../runtime/status/conditions.ts';
import type { FederatedIdentityCredential, Trust } from '../facts.ts';

/**
 * The subjects of GitHub Actions (docs.github.com, "OpenID Connect reference" and "Immutable subject claims"). Repositories of
 * github.com that were created, renamed or transferred since 15 July 2026 have the numbers of owner and repository in
 * them; older ones only where they chose so.
 */

/** Issuer of the tokens of github.com; an enterprise may have one of its own below it. GitHub Enterprise Server has others. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

type GithubPreset = NonNullable<FederatedIdentityCredential['spec']['github']>;

/** The default subject; an organization may have chosen others, which go into issuer and subject. */
export function githubSubject(github: GithubPreset): string {
  const { environment, branch, tag } = github;
  const repo = `repo:${repositoryOf(github)}`;
  if (environment !== undefined) return `${repo}:environment:${environment}`;
  if (branch !== undefined) return `${repo}:ref:refs/heads/${branch}`;
  if (tag !== undefined) return `${repo}:ref:refs/tags/${tag}`;
  return `${repo}:pull_request`;
}

function repositoryOf({ organization, repository, organizationId, repositoryId }: GithubPreset): string {
  // The API server saw to it that there are both or none.
  if (organizationId === undefined || repositoryId === undefined) return `${organization}/${repository}`;
  return `${organization}@${organizationId}/${repository}@${repositoryId}`;
}

const MUTABLE = 'MutableSubject';

/**
 * Whether the subject names a repository of github.com by names alone: whoever gets the names later gets the trust, and
 * a repository made today sends another subject.
 */
export function isMutableSubject({ issuer, subject }: Pick<Trust, 'issuer' | 'subject'>): boolean {
  const github = issuer === GITHUB_ISSUER || issuer.startsWith(`${GITHUB_ISSUER}/`);
  return github && /^repo:[^/:@]+\/[^/:@]+(:|$)/.test(subject);
}

/** The condition `MutableSubject`; gone, so to speak, once the ids are there. */
export function subjectFindings(object: FederatedIdentityCredential, trust: Trust): readonly Finding[] {
  if (isMutableSubject(trust)) {
    const field = object.spec.github
      ? 'spec.github: set organizationId and repositoryId'
      : 'spec.subject: use repo:<owner>@<owner id>/<repo>@<repo id>:…';
    return [
      {
        type: MUTABLE,
        status: 'True',
        reason: 'NamesWithoutIds',
        message: `${trust.subject} names a repository without its ids: tokens of one that was created, renamed or transferred since 15 July 2026 are refused (AADSTS700213), and whoever gets the names of an older one gets its trust; ${field} if the sub claim of its tokens has them`,
      },
    ];
  }
  const held = findCondition(object.status?.conditions ?? [], MUTABLE);
  if (held?.status !== 'True') return [];
  return [
    {
      type: MUTABLE,
      status: 'False',
      reason: 'IdsInSubject',
      message: 'the subject does not go by names alone',
    },
  ];
}
