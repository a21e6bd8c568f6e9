import type { IdentityAttachment } from '../../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../../api/system-assigned-identity.ts';
import { capabilityOf, hostTypeIfAny } from '../../../azure/hosts/types/capabilities.ts';
import type { AttachmentRequest, HostRequest } from '../../../policy/hosts.ts';

/** What an object asks of the policies at one resource: one way to word it for all who ask. */

/** The resource: as the object names it, or as Azure shows it. */
export type AskedHost = Pick<HostRequest, 'hostId' | 'type' | 'known'>;

/** What is no id is of no type, and no rule names it. */
export function askedHostOf(hostId: string): AskedHost {
  const type = hostTypeIfAny(hostId) ?? '';
  return { hostId, type, known: capabilityOf(type) !== undefined };
}

/** @param identity as far as it is known which; by the spec otherwise */
export function attachmentAsked(
  { spec: { adoption, identityId, target } }: IdentityAttachment,
  host: AskedHost,
  identity: AttachmentRequest['identity'] = identityId === undefined
    ? { identityRef: true }
    : { id: identityId },
): AttachmentRequest {
  return { ...host, adopt: adoption === 'Adopt', bySelector: target.selector !== undefined, identity };
}

export function systemAssignedAsked(
  { spec: { adoption } }: SystemAssignedIdentity,
  host: AskedHost,
): HostRequest {
  return { ...host, adopt: adoption === 'Adopt' };
}
