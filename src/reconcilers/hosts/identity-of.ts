import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import { armKey } from '../../azure/resource-id.ts';
import type { Stores } from '../stores.ts';

/** Which identity an attachment speaks of. */
export type AttachedIdentityView =
  | {
      readonly state: 'known';
      /** ARM id. */
      readonly id: string;
      readonly key: string;
      /** As its object last knew it; absent for an identity by its ARM id. */
      readonly principalId?: string;
      /** Its object is being deleted: what is attached stays for now, nothing new is given. */
      readonly leaving: boolean;
      readonly request: { readonly identityRef: true } | { readonly id: string };
    }
  | { readonly state: 'waiting'; readonly for: string; readonly message: string };

export function identityOf(
  { metadata, spec }: IdentityAttachment,
  stores: Pick<Stores, 'identities'>,
): AttachedIdentityView {
  const { identityId, identityRef } = spec;
  if (identityId !== undefined) {
    const key = armKey(identityId);
    return { state: 'known', id: identityId, key, leaving: false, request: { id: identityId } };
  }
  const ref = `${metadata.namespace}/${identityRef?.name}`;
  const identity = stores.identities.get(ref);
  const { id, principalId } = identity?.status ?? {};
  if (!identity || id === undefined || principalId === undefined) {
    const why = identity ? 'has no identity in Azure yet' : 'does not exist';
    return {
      state: 'waiting',
      for: `UserAssignedIdentity ${ref}`,
      message: `spec.identityRef: waiting for UserAssignedIdentity ${ref}, which ${why}`,
    };
  }
  return {
    state: 'known',
    id,
    key: armKey(id),
    principalId,
    leaving: identity.metadata.deletionTimestamp !== undefined,
    request: { identityRef: true },
  };
}
