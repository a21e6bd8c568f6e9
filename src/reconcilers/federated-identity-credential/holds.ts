import type { ClusterIssuer } from '../../kube/access/cluster-issuer.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/policy-for.ts';
import { type Hold, holdsSince } from '../holds.ts';
import { INDEX, type Stores } from '../stores.ts';
import type { FederatedIdentityCredential } from './facts.ts';
import { requestOf } from './request.ts';

export interface HoldDeps {
  readonly stores: Pick<Stores, 'identities' | 'credentials' | 'policies' | 'namespaces'>;
  readonly clusterIssuer: Pick<ClusterIssuer, 'current'>;
  /** Of the cloud. */
  readonly federationAudience: string;
}

/**
 * Credentials that are declared hold their identity. Those that nobody owns need no removal of their own, as Azure deletes
 * them with the identity.
 */
export const holds: readonly Hold<FederatedIdentityCredential, HoldDeps>[] = [
  {
    of: 'UserAssignedIdentity',
    identitiesOf: ({ metadata, spec }) => [`${metadata.namespace}/${spec.identityRef.name}`],
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
