import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey, parseIdentityIdIfAny } from '../../azure/names/resource-id.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { IdentityProofs } from '../proof/identity-proofs.ts';
import { INDEX, type Stores } from '../stores.ts';

/** Which attachments are of an identity's object, and which objects an ARM id may be of. */

export interface AttachedDeps {
  readonly stores: Pick<Stores, 'identities' | 'attachments' | 'hosts' | 'policies' | 'namespaces'>;
  /** Where an object's identity is. */
  readonly proofs: Pick<IdentityProofs, 'placeOf'>;
}

/** By reference, and of any namespace by ARM id. */
export function attachmentsOf(identity: ObjectKey, deps: AttachedDeps): IdentityAttachment[] {
  const { attachments, identities } = deps.stores;
  const key = keyInAzure(identities.get(identity), deps);
  const byId = key === undefined ? [] : attachments.byIndex(INDEX.identityId, key);
  // The index also knows what an attachment had before its spec was edited.
  const naming = byId.filter(({ spec }) => spec.identityId !== undefined && armKey(spec.identityId) === key);
  return [...attachments.byIndex(INDEX.identityRef, identity), ...naming];
}

export function keyInAzure(
  identity: UserAssignedIdentity | undefined,
  { proofs }: Pick<AttachedDeps, 'proofs'>,
): string | undefined {
  const id = identity && proofs.placeOf(identity);
  return id === undefined ? undefined : armKey(id);
}

/** The objects whose identity may have this ARM id: one too many costs one reconcile. */
export function mayHaveId(
  identityId: string,
  { identities }: { readonly identities: Pick<Stores['identities'], 'keysByIndex'> },
): readonly ObjectKey[] {
  return identities.keysByIndex(INDEX.azureName, asciiLower(parseIdentityIdIfAny(identityId)?.name ?? ''));
}
