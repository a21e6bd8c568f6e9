import type { IdentityPolicy } from '../api/identity-policy.ts';
import { differsOnlyIn, nearMiss } from './near-miss.ts';
import type { NamespaceFacts } from './selection.ts';
import { hintOfIds, matchesSubject } from './subject-pattern.ts';
import { allowed, denied, type Verdict } from './verdict.ts';

/** Anyone who presents a token with this issuer and this subject could become the identity. */
export interface FederationRequest {
  /** As the token's `iss` has it. */
  readonly issuer: string;
  /** As the token's `sub` has it. */
  readonly subject: string;
  /** As the token's `aud` has it. */
  readonly audience: string;
  /** The issuer is that of the cluster azid runs in: what `cluster` in a policy means. */
  readonly isClusterIssuer: boolean;
}

/** In `issuers`: the cluster's own, under any URL. No URL is spelt so. */
const CLUSTER = 'cluster';

/**
 * Default deny. One rule must allow issuer, subject and audience together: an issuer that one rule trusts for one repository is
 * not trusted for the subjects of another rule (docs/threat-model.md T4).
 *
 * @param policies those that select the namespace
 */
export function allowsFederation(
  policies: readonly IdentityPolicy[],
  namespace: Pick<NamespaceFacts, 'name'>,
  request: FederationRequest,
): Verdict {
  const { issuer, subject, audience } = request;
  if (policies.length === 0) {
    return denied(`no IdentityPolicy selects namespace ${namespace.name}; ${ASK} that does`);
  }
  const patterns: string[] = [];
  const audiences: string[] = [];
  for (const policy of policies) {
    for (const rule of policy.spec.federation ?? []) {
      if (!trusts(rule.issuers, request)) continue;
      const meant = rule.subjects.some((pattern) => matchesSubject(pattern, subject, namespace.name));
      if (!meant) patterns.push(...rule.subjects);
      else if (rule.audiences && !rule.audiences.includes(audience)) audiences.push(...rule.audiences);
      else return allowed(policy.metadata.name);
    }
  }
  const names = policies.map(({ metadata }) => metadata.name).join(', ');
  const where = `no IdentityPolicy of namespace ${namespace.name} (${names})`;
  const spelt = request.isClusterIssuer ? `${issuer} ('${CLUSTER}')` : issuer;
  if (audiences.length > 0) {
    return denied(
      `${where} allows audience ${audience} for subject ${subject} and issuer ${spelt}, only ${listed(audiences)}${alike(audience, audiences)}; set spec.audience accordingly, or ${ASK} whose federation has a rule with all three`,
    );
  }
  if (patterns.length > 0) {
    return denied(
      `${where} allows subject ${subject} for issuer ${spelt}, only ${listed(patterns)}${hintOfIds(patterns, subject, namespace.name)}${alikeSubject(subject, patterns, namespace.name)}; ${ASK} whose federation has a rule with both`,
    );
  }
  const issuers = policies.flatMap(({ spec }) => (spec.federation ?? []).flatMap((rule) => rule.issuers));
  return denied(
    `${where} names issuer ${spelt} in federation${alike(issuer, issuers)}; ${ASK} whose federation has this issuer together with subject ${subject}`,
  );
}

/** Where a reader sees no difference, or nearly none, it is named: issuers and audiences count letter by letter. */
function alike(given: string, entries: readonly string[]): string {
  const near = nearMiss(given, entries);
  if (near === undefined) return '';
  const only = differsOnlyIn(given, near);
  return only === undefined
    ? `; it names ${near}, which is nearly that`
    : `; it names ${near}, which differs only in ${only}`;
}

function alikeSubject(subject: string, patterns: readonly string[], namespace: string): string {
  const plain = (text: string) => text.toLowerCase().replace(/\/+$/, '').trim();
  // The variable is spelt in lower case, and stays so.
  const near = patterns.find((pattern) => matchesSubject(plain(pattern), plain(subject), namespace));
  return near === undefined
    ? ''
    : `; ${near} would match but for upper and lower case, a slash or white space at the end, all of which count`;
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
