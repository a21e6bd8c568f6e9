import type { KubeObject } from '../kube/types.ts';
import { assignmentExpiry } from './assignment-expiry.ts';
import { eventSource } from './event-source.ts';
import { federatedIdentityCredential } from './federated-identity-credential.ts';
import { hostIdentity } from './host-identity.ts';
import { identityAttachment } from './identity-attachment.ts';
import { identityPolicy } from './identity-policy.ts';
import { orphanRecord } from './orphan-record.ts';
import { orphanSweep } from './orphan-sweep.ts';
import { roleGrant } from './role-grant.ts';
import type { KindSchema } from './schema/kind.ts';
import { systemAssignedIdentity } from './system-assigned-identity.ts';
import { userAssignedIdentity } from './user-assigned-identity.ts';

/** Every kind azid serves: what the CRD generator writes and the controller watches. */
export const KINDS: readonly KindSchema<KubeObject>[] = [
  identityPolicy,
  eventSource,
  orphanSweep,
  userAssignedIdentity,
  federatedIdentityCredential,
  roleGrant,
  systemAssignedIdentity,
  identityAttachment,
  hostIdentity,
  assignmentExpiry,
  orphanRecord,
];

/** As people name a kind: `RoleGrant`, `rolegrants`, `grant`. */
export function kindNamed(name: string): KindSchema<KubeObject> | undefined {
  const wanted = name.toLowerCase();
  return KINDS.find(({ resource, singular, shortNames }) =>
    [resource.kind.toLowerCase(), resource.plural, singular, ...shortNames].includes(wanted),
  );
}
