import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Summary } from '../decision.ts';
import { stalledInside } from '../status/summary.ts';
import type { Facts, FederatedIdentityCredential, Trust } from './facts.ts';
import { issuerUnknown, resolveTrust } from './trust/trust.ts';

/** What is asked for, and whether it may be had: all that needs no read of Azure. */
export type Request =
  | { readonly granted: true; readonly trust: Trust; readonly policy: string }
  | { readonly granted: false; readonly summary: Summary };

export function requestOf(
  object: FederatedIdentityCredential,
  facts: Pick<Facts, 'clusterIssuer' | 'defaultAudience'>,
  policy: NamespacePolicy,
): Request {
  const { clusterIssuer, defaultAudience } = facts;
  const resolution = resolveTrust(object, clusterIssuer, defaultAudience);
  if (!resolution.resolved) return { granted: false, summary: resolution.summary };
  const { trust, isClusterIssuer } = resolution;
  const verdict = policy.allowsFederation({ ...trust, isClusterIssuer });
  if (verdict.allowed) return { granted: true, trust, policy: verdict.policy };
  // A rule for `cluster` cannot be judged while nobody knows which issuer that is.
  const open =
    clusterIssuer.state === 'unknown' && policy.allowsFederation({ ...trust, isClusterIssuer: true }).allowed;
  return {
    granted: false,
    summary: open ? issuerUnknown(clusterIssuer.error) : stalledInside('PolicyDenied', verdict.message),
  };
}
