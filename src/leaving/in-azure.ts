/** What an object has in Azure by its own word, for lists and records that people read. Proves nothing. */
import type { AssignmentExpiry } from '../api/assignment-expiry.ts';
import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { Found } from './objects.ts';

type IdsOf = (object: never) => readonly (string | undefined)[];

const BY_KIND: Readonly<Record<string, IdsOf>> = {
  UserAssignedIdentity: ({ status }: UserAssignedIdentity) => [status?.id],
  SystemAssignedIdentity: ({ status }: SystemAssignedIdentity) => [
    status?.id && `the system-assigned identity of ${status.id}`,
  ],
  RoleGrant: ({ status }: RoleGrant) => [status?.assignmentId, ...(status?.ledger ?? [])],
  FederatedIdentityCredential: ({ status }: FederatedIdentityCredential) => [
    status?.id,
    ...(status?.ledger ?? []),
  ],
  IdentityAttachment: ({ status }: IdentityAttachment) =>
    (status?.targets ?? [])
      .filter(({ state }) => state === 'Attached' || state === 'Attaching' || state === 'Detaching')
      .map(({ resourceId }) => `${status?.identityId ?? 'an identity'} on ${resourceId}`),
  HostIdentity: ({ spec, status }: HostIdentity) => [
    ...(status?.entries ?? [])
      .filter(({ owned }) => owned)
      .map(({ identityId }) => `${identityId} on ${status?.hostId ?? spec.resourceId}`),
    status?.systemAssigned?.owned === true
      ? `the system-assigned identity of ${status.hostId ?? spec.resourceId}`
      : undefined,
  ],
  AssignmentExpiry: ({ spec }: AssignmentExpiry) => [spec.assignmentId],
};

/** Each once, as the object spells it. */
export function inAzure({ kind, object }: Found): readonly string[] {
  const found = BY_KIND[kind.resource.kind]?.(object as never) ?? [];
  const ids = found.filter((id) => id !== undefined);
  return [...new Map(ids.map((id) => [armKey(id), id])).values()];
}
