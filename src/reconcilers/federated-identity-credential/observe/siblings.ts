import { isFinalized, isSuspended } from '../../../api/schema/common.ts';
import { sameText } from '../../../azure/names/ascii.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { keyOf, type ObjectKey } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/policy-for.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { isRefusedByAzure } from '../../watches/predicates.ts';
import type { Facts, FederatedIdentityCredential, SeenCredential, Sibling } from '../facts.ts';
import { identityKey, isProven, nameOf } from '../object.ts';
import { requestOf } from '../request.ts';
import { resolveTrust } from '../trust/trust.ts';

/** Who else has, or wants, something on an identity. */

export interface SiblingDeps {
  readonly stores: Pick<Stores, 'credentials' | 'policies' | 'namespaces'>;
  readonly installationId: string;
  /** The FederatedIdentityCredentials that name this UserAssignedIdentity (`namespace/name`). */
  readonly onIdentity: (key: ObjectKey) => readonly FederatedIdentityCredential[];
}

type Common = Pick<Facts, 'clusterIssuer' | 'defaultAudience' | 'policy'>;

/** The objects besides this one that refer to the identity. */
export function siblingsOf(
  object: FederatedIdentityCredential,
  identity: { readonly key: ObjectKey; readonly id: string },
  deps: SiblingDeps,
  common: Common,
): readonly Sibling[] {
  return deps.onIdentity(identity.key).flatMap((other): Sibling[] => {
    if (!isOther(other, object)) return [];
    const resolution = resolveTrust(other, common.clusterIssuer, common.defaultAudience);
    return [
      {
        ...siblingOf(other, deps, common, identity.id),
        ...(resolution.resolved && { trust: resolution.trust }),
      },
    ];
  });
}

/**
 * Objects that refer to another identity by now, and that have a credential here as yet: by their ledger, and by its name, which proves
 * it. They take it away when the new one is there, so no other object may count on it. One that no ledger names is treated as made by somebody else.
 */
export function movedAway(
  object: FederatedIdentityCredential,
  credentials: readonly SeenCredential[],
  siblings: readonly Sibling[],
  deps: SiblingDeps,
  common: Common,
): readonly Sibling[] {
  return credentials
    .filter(({ name }) => !siblings.some(({ credentialName }) => sameText(credentialName, name)))
    .flatMap(({ id }) =>
      deps.stores.credentials
        .byIndex(INDEX.credential, armKey(id))
        .filter((each) => isProven(id, each, deps)),
    )
    .filter((owner) => isOther(owner, object))
    .map((owner) => ({ ...siblingOf(owner, deps, common), movedTo: identityKey(owner) }));
}

/** Of one that azid is done with nobody takes anything away any more: what it left is as anybody's. */
function isOther(other: FederatedIdentityCredential, object: FederatedIdentityCredential): boolean {
  return other.metadata.uid !== object.metadata.uid && !isFinalized(other);
}

/** @param identityId of the identity that it refers to, where that is known */
function siblingOf(
  other: FederatedIdentityCredential,
  { stores, installationId }: SiblingDeps,
  common: Common,
  identityId?: string,
): Sibling {
  const { namespace, uid, creationTimestamp, deletionTimestamp } = other.metadata;
  const policy = namespace === common.policy.namespace ? common.policy : policyFor(other, stores);
  return {
    key: keyOf(other),
    uid,
    creationTimestamp,
    credentialName: nameOf(other, installationId),
    deleting: deletionTimestamp !== undefined,
    mayWrite:
      (identityId === undefined || policy.allowsIdentity(identityId).allowed) &&
      !isSuspended(other) &&
      !isRefusedByAzure(other) &&
      requestOf(other, common, policy).granted,
  };
}
