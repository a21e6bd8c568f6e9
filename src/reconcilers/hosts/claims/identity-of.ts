import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { armKey, parseIdentityIdIfAny } from '../../../azure/names/resource-id.ts';
import { asciiLower, sameText } from '../../../azure/names/text.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { ObjectKey } from '../../../kube/types.ts';
import type { Failure } from '../../decision.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { MissingReferences } from '../../proof/missing-references.ts';
import type { ObservedIdentity } from '../../proof/observe.ts';
import { isWithinSpec, placesOf } from '../../proof/places.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { type Line, SYSTEM } from '../ledger/lines.ts';

/** Which identity an attachment speaks of, for certain or perhaps; and which attachments are of an identity's object. */

export type ObservedAttachedIdentity =
  | {
      readonly state: 'known';
      /** ARM id. */
      readonly id: string;
      readonly key: string;
      /** As Azure shows it; absent for an identity by its ARM id. */
      readonly principalId?: string;
      /** Its object is being deleted: what is attached stays for now, nothing new is given. */
      readonly deleting: boolean;
      readonly request: { readonly identityRef: true } | { readonly id: string };
    }
  | {
      readonly state: 'waiting';
      readonly for: string;
      readonly message: string;
      /** The caches do not show it yet: what is attached is kept, and reported as before. */
      readonly unknown?: boolean;
      /** Why Azure does not show it, where it was asked and refused. */
      readonly failure?: Failure;
    };

export interface AttachedIdentityDeps {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get'> };
  readonly proofs: Pick<IdentityProofs, 'observe'>;
}

/** By reference: what Azure shows as that object's own. By its ARM id: any that a policy lists. */
export function identityOf(
  { metadata, spec }: IdentityAttachment,
  { stores, proofs }: AttachedIdentityDeps,
): ObservedAttachedIdentity {
  const { identityId, identityRef } = spec;
  if (identityId !== undefined) {
    const key = armKey(identityId);
    return { state: 'known', id: identityId, key, deleting: false, request: { id: identityId } };
  }
  const ref = `${metadata.namespace}/${identityRef?.name}`;
  const object = stores.identities.get(ref);
  const seen = object && proofs.observe(object);
  if (object && seen?.state === 'owned') {
    const { id, key, principalId } = seen.identity;
    const deleting = object.metadata.deletionTimestamp !== undefined;
    return { state: 'known', id, key, principalId, deleting, request: { identityRef: true } };
  }
  const name = `UserAssignedIdentity ${ref}`;
  const why = whyWaiting(seen);
  return {
    state: 'waiting',
    for: name,
    message: `spec.identityRef: waiting for ${name}, which ${why}`,
    ...(seen?.state === 'unknown' && { unknown: true }),
  };
}

function whyWaiting(seen: ObservedIdentity | undefined): string {
  switch (seen?.state) {
    case undefined:
      return 'does not exist';
    case 'unknown':
      return 'Azure has yet to show';
    case 'none':
    case 'owned':
      return seen.state === 'none' && seen.shown
        ? `is not the owner of identity ${seen.shown.id}, going by its tags`
        : 'has no identity in Azure';
  }
}

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
 * For an object that is not there its subscription is not listed, so the owner of the identity may not be known. But an
 * object that had it by reference was of the same namespace; and no other object that is there has it.
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
  // The index also holds what an attachment had before its spec was edited.
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
