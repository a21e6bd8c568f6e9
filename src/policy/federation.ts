import type { IdentityPolicy } from '../api/identity-policy.ts';
import { hintOfIds } from './github-subject.ts';
import type { NamespaceFacts } from './selection.ts';
import { matchesSubject } from './subject-pattern.ts';
import { denied, type Verdict } from './verdict.ts';

/** Whoever presents a token with this issuer and this subject could become the identity. */
export interface FederationRequest {
  /** As the token's `iss` has it. */
  readonly issuer: string;
  /** As the token's `sub` has it. */
  readonly subject: string;
  /** The issuer is that of the cluster azid runs in: what `cluster` in a policy means. */
  readonly isClusterIssuer: boolean;
}

/** In `issuers`: the cluster's own, whatever its URL. No URL is spelt so. */
const CLUSTER = 'cluster';

/**
 * Default deny. One rule must allow issuer and subject together: an issuer that one rule trusts for one repository is
 * not trusted for the subjects of another rule (guarantees.md T4).
 *
 * @param policies those that select the namespace
 */
export function allowsFederation(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: FederationRequest,
): Verdict {
  const { issuer, subject } = request;
  if (policies.length === 0) {
    return denied(`no IdentityPolicy selects namespace ${namespace.name}; ${ASK} that does`);
  }
  const patterns: string[] = [];
  for (const policy of policies) {
    for (const rule of policy.spec.federation ?? []) {
      if (!trusts(rule.issuers, request)) continue;
      if (rule.subjects.some((pattern) => matchesSubject(pattern, subject, namespace.name)))
        return { allowed: true, policy: policy.metadata.name };
      patterns.push(...rule.subjects);
    }
  }
  const names = policies.map(({ metadata }) => metadata.name).join(', ');
  const where = `no IdentityPolicy of namespace ${namespace.name} (${names})`;
  const spelt = request.isClusterIssuer ? `${issuer} ('${CLUSTER}')` : issuer;
  return denied(
    patterns.length === 0
      ? `${where} names issuer ${spelt} in federation; ${ASK} whose federation has this issuer together with subject ${subject}`
      : `${where} allows subject ${subject} for issuer ${spelt}, only ${listed(patterns)}${hintOfIds(patterns, subject, namespace.name)}; ${ASK} whose federation has a rule with both`,
  );
}

const ASK = 'ask an administrator for an IdentityPolicy';
/** More patterns than this say no more to a reader. */
const MAX_LISTED = 8;

function trusts(issuers: readonly string[], { issuer, isClusterIssuer }: FederationRequest): boolean {
  return issuers.some((each) => (each === CLUSTER ? isClusterIssuer : each === issuer));
}

function listed(patterns: readonly string[]): string {
  const all = [...new Set(patterns)];
  const more = all.length - MAX_LISTED;
  return all.slice(0, MAX_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
