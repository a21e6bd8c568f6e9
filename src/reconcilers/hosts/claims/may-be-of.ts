import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { sameText } from '../../../azure/names/ascii.ts';
import { armKey, parseIdentityIdIfAny } from '../../../azure/names/resource-id.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { MissingReferences } from '../../proof/missing-references.ts';
import { isWithinSpec, placesOf } from '../../proof/places.ts';
import { mayHaveId } from '../attachments-of.ts';
import { type Line, SYSTEM } from '../ledger/lines.ts';

export interface MayBeOfDeps {
  readonly stores: {
    readonly identities: Pick<Store<UserAssignedIdentity>, 'get' | 'synced' | 'keysByIndex'>;
  };
  readonly proofs: Pick<IdentityProofs, 'observe' | 'namesOwner'>;
  readonly references: Pick<MissingReferences, 'isAwaited'>;
}

/**
 * Whether an attachment whose identity is not known yet may turn out to mean this one: after a start, while Azure
 * does not answer, or while the marks on the identity still name the object that was there before. What azid attached
 * is not taken away before that is known, or it would be taken from its rightful owner, and be given back a moment
 * later.
 *
 * @param key of the identity's ARM id
 * @param line what the host's ledger has of it
 */
export function mayBeOf(
  { metadata, spec }: IdentityAttachment,
  key: string,
  line: Pick<Line, 'owners'>,
  { stores, proofs, references }: MayBeOfDeps,
): boolean {
  if (key === SYSTEM || spec.identityRef === undefined) return false;
  const reference = `${metadata.namespace}/${spec.identityRef.name}`;
  const object = stores.identities.get(reference);
  if (!object) {
    if (!stores.identities.synced) return true;
    if (!references.isAwaited(metadata.uid, reference, stores.identities)) return false;
    return proofs.namesOwner(key, reference) ?? mayHaveBeen(metadata.namespace, key, line, stores);
  }
  // Of one on its way out nothing new is given, whichever it is.
  if (object.metadata.deletionTimestamp) return false;
  const seen = proofs.observe(object);
  switch (seen.state) {
    case 'owned':
      return seen.identity.key === key;
    case 'unknown':
      return armKey(seen.id) === key || isPlaced(object, key);
    case 'none':
      if (seen.shown) return seen.returns === true && seen.shown.key === key;
      // Azure has nothing where it is; where it is, its own reconcile may have yet to find out.
      return seen.id === undefined && isPlaced(object, key);
  }
}

/**
 * Nobody lists a subscription for an object that is not there, so Azure may not show whose the identity is. But whoever had it by
 * reference was of the same namespace; and no other object that is there has it.
 */
function mayHaveBeen(
  namespace: string | undefined,
  key: string,
  { owners }: Pick<Line, 'owners'>,
  { identities }: MayBeOfDeps['stores'],
): boolean {
  if (!owners.some((owner) => owner.namespace === namespace)) return false;
  return !mayHaveId(key, { identities }).some((other) => {
    const object = identities.get(other);
    return object !== undefined && isPlaced(object, key);
  });
}

/** It is, or will be, expected there. */
function isPlaced(object: UserAssignedIdentity, key: string): boolean {
  const places = placesOf(object);
  if (places.length > 0) return places.some((id) => armKey(id) === key);
  const place = parseIdentityIdIfAny(key);
  const { name = object.metadata.name } = object.spec;
  return place !== undefined && isWithinSpec(object, place) && sameText(place.name, name);
}
