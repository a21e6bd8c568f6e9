import { endsFault } from '../../azure/names/text.ts';
import type { ObservedIssuer } from '../../kube/access/cluster-issuer.ts';
import { type Finding, findCondition } from '../../runtime/status/conditions.ts';
import type { Summary } from '../decision.ts';
import { stalledInside } from '../status/summary.ts';
import type { FederatedIdentityCredential, Trust } from './facts.ts';

/** The tokens that a spec asks to trust, presets of Kubernetes and GitHub written out; and subjects that go by names alone. */

/** issuer, subject and audience: at most 600 characters each (docs/azure-facts.md section 4). */
const MAX_LENGTH = 600;

type TrustResolution =
  | { readonly resolved: true; readonly trust: Trust; readonly isClusterIssuer: boolean }
  | { readonly resolved: false; readonly summary: Summary };

/** What the spec asks for, presets written out: issuer, subject and audience as the tokens will have them. */
export function resolveTrust(
  object: FederatedIdentityCredential,
  clusterIssuer: ObservedIssuer,
  defaultAudience: string,
): TrustResolution {
  const { kubernetes, audience = defaultAudience } = object.spec;
  if (kubernetes && clusterIssuer.state !== 'known')
    return { resolved: false, summary: noIssuer(clusterIssuer) };
  const own = clusterIssuer.state === 'unknown' ? undefined : clusterIssuer.issuer;
  const { issuer, subject } = pairOf(object, own);
  const { github } = object.spec;
  for (const [field, value] of Object.entries({ issuer, subject, audience, ...github })) {
    // Tokens are compared letter by letter, and a blank at the end of a name is not visible.
    const fault = typeof value === 'string' ? endsFault(value) : undefined;
    if (fault !== undefined) {
      const place = github && field in github ? `spec.github.${field}` : `spec.${field}`;
      return { resolved: false, summary: stalledInside('InvalidTrust', `${place}: ${fault}`) };
    }
  }
  for (const [field, value] of Object.entries({ issuer, subject, audience })) {
    if (value.length > MAX_LENGTH)
      return {
        resolved: false,
        summary: stalledInside(
          'InvalidTrust',
          `${field}: expected at most ${MAX_LENGTH} characters, as Azure takes no more; got ${value.length}: choose shorter names`,
        ),
      };
  }
  return { resolved: true, trust: { issuer, subject, audience }, isClusterIssuer: issuer === own };
}

/** Exactly one of the three ways is in the spec, as the rules of the CRD ensure. */
function pairOf(
  { spec, metadata }: FederatedIdentityCredential,
  clusterIssuer = '',
): Pick<Trust, 'issuer' | 'subject'> {
  const { kubernetes, github, issuer = '', subject = '' } = spec;
  if (kubernetes) {
    const name = kubernetes.serviceAccount.name;
    return { issuer: clusterIssuer, subject: `system:serviceaccount:${metadata.namespace}:${name}` };
  }
  if (github) return { issuer: GITHUB_ISSUER, subject: githubSubject(github) };
  return { issuer, subject };
}

function noIssuer(clusterIssuer: Exclude<ObservedIssuer, { state: 'known' }>): Summary {
  if (clusterIssuer.state === 'unknown') return issuerUnknown(clusterIssuer.error);
  return stalledInside(
    'IssuerNotReachable',
    `spec.kubernetes: expected an issuer of this cluster that Entra can reach, got ${clusterIssuer.issuer}: ${clusterIssuer.why}; run the API server with a public --service-account-issuer, or start azid with --cluster-issuer if Entra reaches it all the same`,
  );
}

export function issuerUnknown(error: Error): Summary {
  return {
    state: 'retrying',
    failure: {
      kind: 'transient',
      reason: 'ClusterIssuerUnknown',
      message: `the issuer of this cluster could not be read: ${error.message}; azid needs to read /.well-known/openid-configuration, or --cluster-issuer`,
      ambiguous: false,
      error,
    },
  };
}

/** Issuer of the tokens of github.com; an enterprise may have one of its own below it. GitHub Enterprise Server has others. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

type GithubPreset = NonNullable<FederatedIdentityCredential['spec']['github']>;

/**
 * The default subject of GitHub Actions (docs.github.com, "OpenID Connect reference" and "Immutable subject claims"); an organization may
 * have chosen others, which go into issuer and subject. Repositories of github.com that were created, renamed or transferred since
 * 15 July 2026 have the numbers of owner and repository in them; older ones only where they chose so.
 */
export function githubSubject(github: GithubPreset): string {
  const { environment, branch, tag } = github;
  const repo = `repo:${repositoryOf(github)}`;
  if (environment !== undefined) return `${repo}:environment:${environment}`;
  if (branch !== undefined) return `${repo}:ref:refs/heads/${branch}`;
  if (tag !== undefined) return `${repo}:ref:refs/tags/${tag}`;
  return `${repo}:pull_request`;
}

function repositoryOf({ organization, repository, organizationId, repositoryId }: GithubPreset): string {
  // The rules of the CRD ensure that there are both or none.
  if (organizationId === undefined || repositoryId === undefined) return `${organization}/${repository}`;
  return `${organization}@${organizationId}/${repository}@${repositoryId}`;
}

const MUTABLE = 'MutableSubject';

/**
 * Whether the subject names a repository of github.com by names alone: a repository that gets the names later gets the trust, and a
 * repository made today sends another subject.
 */
export function isMutableSubject({ issuer, subject }: Pick<Trust, 'issuer' | 'subject'>): boolean {
  const github = issuer === GITHUB_ISSUER || issuer.startsWith(`${GITHUB_ISSUER}/`);
  return github && /^repo:[^/:@]+\/[^/:@]+(:|$)/.test(subject);
}

/** The condition `MutableSubject`; `False` once the ids are there. */
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
