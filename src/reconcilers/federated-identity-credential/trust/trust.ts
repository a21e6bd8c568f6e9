import { endsFault } from '../../../azure/names/spelling.ts';
import type { ObservedIssuer } from '../../../kube/access/cluster-issuer.ts';
import type { Summary } from '../../decision.ts';
import { stalledInside } from '../../status/summary.ts';
import type { FederatedIdentityCredential, Trust } from '../facts.ts';
import { GITHUB_ISSUER, githubSubject } from './github.ts';

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
    // Tokens are compared letter by letter, and nobody sees a blank at the end of a name.
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

/** Exactly one of the three ways is in the spec: the API server saw to that. */
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
