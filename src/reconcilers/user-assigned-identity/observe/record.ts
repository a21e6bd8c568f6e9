import { namesAnother } from '../../../azure/names/identity-marks.ts';
import type { Facts, UserAssignedIdentity } from '../facts.ts';
import { ownerOf } from '../object.ts';
import type { Target } from '../target.ts';
import type { ObserveDeps } from './deps.ts';

/** What azid keeps of whose an identity is. */

/**
 * Whose the identity is was proven: should its marks be stripped, the very same principal is still the object's. What the
 * cache holds by now counts, as an answer may be older than azid's own write.
 */
export function witness(object: UserAssignedIdentity, { proofs, principals, clock }: ObserveDeps): void {
  const seen = proofs.observe(object);
  if (seen.state !== 'owned') return;
  const at = seen.how === 'list' ? undefined : clock.monotonic() - seen.ageMs;
  principals.shown(seen.identity.principalId, object.metadata.uid, at);
}

/** What azid keeps of whose it is, by this process and on record. */
export function remembering(
  { metadata: { uid } }: UserAssignedIdentity,
  facts: Facts,
  { principals }: ObserveDeps,
): Facts {
  const [lastShown, recorded] = [principals.lastOf(uid), principals.of(uid)];
  return {
    ...facts,
    ...(lastShown !== undefined && { lastShown }),
    ...(recorded !== undefined && { recorded }),
    holders: facts.azure?.state === 'present' ? principals.holdersOf(facts.azure.identity.principalId) : [],
  };
}

/** The cache shows another's marks on the principal that azid keeps for this object. */
export function seemsWithdrawn(
  object: UserAssignedIdentity,
  { id }: Target,
  { identityCache, principals, installationId }: ObserveDeps,
): boolean {
  const { uid } = object.metadata;
  const seen = identityCache.observe(id);
  if (seen.state !== 'present' || !principals.holdersOf(seen.resource.principalId).includes(uid))
    return false;
  return namesAnother(seen.resource.tags, ownerOf(object, { installationId }), uid);
}
