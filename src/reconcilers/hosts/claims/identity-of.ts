import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { Failure } from '../../decision.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { ObservedIdentity } from '../../proof/observe.ts';

/** Which identity an attachment speaks of. */
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
      /** The caches do not show it yet: what stands is kept, and reported as before. */
      readonly unknown?: boolean;
      /** Why Azure does not show it, where it was asked and refused. */
      readonly failure?: Failure;
    };

export interface AttachedIdentityDeps {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get'> };
  readonly proofs: Pick<IdentityProofs, 'observe'>;
}

/** By reference: what Azure shows as that object's own. By its ARM id: whatever it is, as a policy lists it. */
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
