import type { ClusterIssuer } from '../../kube/access/cluster-issuer.ts';
import { keyOf } from '../../kube/types.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Summary } from '../decision.ts';
import { type Hold, holdsSince } from '../holds.ts';
import { stalledInside } from '../status/summary.ts';
import { INDEX, type Stores } from '../stores.ts';
import type { Facts, FederatedIdentityCredential, Trust } from './facts.ts';
import { identityKey } from './object.ts';
import { issuerUnknown, resolveTrust } from './trust.ts';

/** What is asked for, and whether it may be had: all that needs no read of Azure. What may be had holds its identity. */
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
  // A rule for `cluster` cannot be evaluated while it is not known which issuer that is.
  const open =
    clusterIssuer.state === 'unknown' && policy.allowsFederation({ ...trust, isClusterIssuer: true }).allowed;
  return {
    granted: false,
    summary: open ? issuerUnknown(clusterIssuer.error) : stalledInside('PolicyDenied', verdict.message),
  };
}

export interface HoldDeps {
  readonly stores: Pick<Stores, 'identities' | 'credentials' | 'policies' | 'namespaces'>;
  readonly clusterIssuer: Pick<ClusterIssuer, 'current'>;
  /** Of the cloud. */
  readonly federationAudience: string;
}

/**
 * Credentials that are declared hold their identity. Those without an object need no removal of their own, as Azure deletes
 * them with the identity.
 */
export const holds: readonly Hold<FederatedIdentityCredential, HoldDeps>[] = [
  {
    of: 'UserAssignedIdentity',
    identitiesOf: (object) => [identityKey(object)],
    async holders(identity, { stores, clusterIssuer, federationAudience }, context) {
      const since = stores.identities.get(identity)?.metadata.deletionTimestamp;
      const credentials = stores.credentials
        .byIndex(INDEX.identityRef, identity)
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .filter(holdsSince(since));
      if (credentials.length === 0) return [];
      const facts = {
        clusterIssuer: await clusterIssuer.current(context.signal),
        defaultAudience: federationAudience,
      };
      return credentials
        .filter((each) => {
          const policy = policyFor(each, stores);
          return policy.unseen
            ? (each.status?.ledger?.length ?? 0) > 0
            : requestOf(each, facts, policy).granted;
        })
        .map((each) => `FederatedIdentityCredential ${keyOf(each)}`);
    },
  },
];
