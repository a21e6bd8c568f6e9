import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { capabilityOf, hostTypeIfAny } from '../../azure/hosts/capabilities.ts';
import { sameText } from '../../azure/names/text.ts';
import { policyFor } from '../../policy/evaluate.ts';
import { INDEX, type Stores } from '../stores.ts';
import { attachmentAsked, selectorScope, systemAssignedAsked } from './claims/spec.ts';

type Claimant = IdentityAttachment | SystemAssignedIdentity;
export type ClaimStores = Pick<
  Stores,
  'attachments' | 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'
>;

/**
 * API version of a type that azid does not know, as the oldest object gives it: one list serves all objects of the type.
 * Read by a wrong version a resource may show no identities at all, so only those objects count that a policy lets have
 * something of the type, and those that have it.
 */
export function apiVersionOf(type: string, stores: ClaimStores): string | undefined {
  if (capabilityOf(type)) return undefined;
  const [oldest] = [...stores.attachments.values(), ...stores.systemIdentities.values()]
    .filter((each) => each.spec.apiVersion !== undefined && sameText(typeOf(each) ?? '', type))
    .filter((each) => counts(each, type, stores))
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  return oldest?.spec.apiVersion;
}

function counts(object: Claimant, type: string, stores: ClaimStores): boolean {
  if (stores.hosts.keysByIndex(INDEX.ledgerOwner, object.metadata.uid).length > 0) return true;
  const policy = policyFor(object, stores);
  const host = (hostId = '') => ({ hostId, type, known: false });
  if (!isAttachment(object))
    return policy.allowsSystemAssigned(systemAssignedAsked(object, host(object.spec.resourceId))).allowed;
  const { selector, resourceId } = object.spec.target;
  if (selector) return policy.allowsSelector({ scope: selectorScope(selector), type, known: false }).allowed;
  return policy.allowsAttachment(attachmentAsked(object, host(resourceId))).allowed;
}

function isAttachment(object: Claimant): object is IdentityAttachment {
  return 'target' in object.spec;
}

/** Undefined for an id of no resource: the API server's pattern does not refuse all of them. */
function typeOf({ spec }: Claimant): string | undefined {
  if ('target' in spec && spec.target.selector) return spec.target.selector.type;
  const id = 'target' in spec ? spec.target.resourceId : spec.resourceId;
  return id === undefined ? undefined : hostTypeIfAny(id);
}
