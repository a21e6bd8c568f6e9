import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { sameText } from '../../../azure/names/ascii.ts';
import { armKey, parseIdentityId } from '../../../azure/names/resource-id.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import { isWithinSpec, placesOf } from '../../proof/places.ts';
import { SYSTEM } from '../ledger/lines.ts';

export interface MayBeOfDeps {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get' | 'synced'> };
  readonly proofs: Pick<IdentityProofs, 'observe'>;
}

/**
 * Whether an attachment whose identity cannot be told yet may turn out to mean this one: after a start, while Azure does not answer,
 * or while the marks on the identity still name the object that was there before. What azid attached is not taken away before that
 * is told, or it would be taken from whoever is to have it, and be given back a moment later.
 *
 * @param key of the identity's ARM id
 */
export function mayBeOf(
  { metadata, spec }: IdentityAttachment,
  key: string,
  { stores, proofs }: MayBeOfDeps,
): boolean {
  if (key === SYSTEM || spec.identityRef === undefined) return false;
  const object = stores.identities.get(`${metadata.namespace}/${spec.identityRef.name}`);
  if (!object) return !stores.identities.synced;
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

/** It is, or will be, looked for there. */
function isPlaced(object: UserAssignedIdentity, key: string): boolean {
  const places = placesOf(object);
  if (places.length > 0) return places.some((id) => armKey(id) === key);
  const place = placeOf(key);
  const { name = object.metadata.name } = object.spec;
  return place !== undefined && isWithinSpec(object, place) && sameText(place.name, name);
}

/** What is no id of an identity is nobody's. */
function placeOf(key: string): ReturnType<typeof parseIdentityId> | undefined {
  try {
    return parseIdentityId(key);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
