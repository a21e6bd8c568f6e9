import { isFinalized, isSuspended } from '../../../api/schema/common.ts';
import { sameId } from '../../../azure/names/resource-id.ts';
import { keyOf } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/policy-for.ts';
import { identitiesConcerned } from '../../proof/concerned.ts';
import { isRefusedByAzure } from '../../watches/predicates.ts';
import type { Rival, UserAssignedIdentity } from '../facts.ts';
import { resolveTarget, type Target } from '../target.ts';
import type { ObserveDeps } from './deps.ts';
import { placeInAzure } from './place.ts';

/** Other objects that want the same identity. */
export function rivalsOf(object: UserAssignedIdentity, target: Target, deps: ObserveDeps): readonly Rival[] {
  const { stores } = deps;
  const shown = deps.identityCache.observe(target.id);
  const after = shown.state === 'present' ? shown.resource : undefined;
  const others = identitiesConcerned(target.id, { before: undefined, after }, deps);
  return others.flatMap((key) => {
    const other = stores.identities.get(key);
    if (!other) return [];
    // One that azid is done with, and that somebody else's finalizer keeps, is gone.
    if (other.metadata.uid === object.metadata.uid || isFinalized(other)) return [];
    const policy = policyFor(other, stores);
    const resolution = resolveTarget(other, policy.defaults, undefined, placeInAzure(other, deps));
    if (!resolution.resolved || !sameId(resolution.target.id, target.id)) return [];
    const lastShown = deps.principals.lastOf(other.metadata.uid);
    const hadNothing = other.status?.principalId === undefined && lastShown === undefined;
    return {
      key: keyOf(other),
      uid: other.metadata.uid,
      creationTimestamp: other.metadata.creationTimestamp,
      deleting: other.metadata.deletionTimestamp !== undefined,
      allowed: policy.allowsIdentity(target.id).allowed,
      ...(policy.unseen && { unseen: true }),
      ...(lastShown !== undefined && { lastShown }),
      // One that had it comes back to it: only who never had anything holds nothing.
      ...(hadNothing && isRefusedByAzure(other) && { refused: true }),
      ...(hadNothing && isSuspended(other) && placeInAzure(other, deps) === undefined && { idle: true }),
    };
  });
}
