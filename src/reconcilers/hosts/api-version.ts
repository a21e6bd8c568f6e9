import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import { capabilityOf, hostTypeOf } from '../../azure/hosts/types/capabilities.ts';
import { sameText } from '../../azure/names/ascii.ts';
import { policyFor } from '../../policy/policy-for.ts';
import { INDEX, type Stores } from '../stores.ts';
import { selectorScope } from './claims/selector.ts';

type Speaker = IdentityAttachment | SystemAssignedIdentity;
type Known = Pick<Stores, 'attachments' | 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;

/**
 * API version of a type that azid does not know, as the oldest object gives it: one list serves all objects of the type.
 * Read by a wrong version a resource may show no identities to anybody, so only those are heard whom a policy lets have
 * something of the type, and those that have it.
 */
export function apiVersionOf(type: string, stores: Known): string | undefined {
  if (capabilityOf(type)) return undefined;
  const [oldest] = [...stores.attachments.values(), ...stores.systemIdentities.values()]
    .filter((each) => each.spec.apiVersion !== undefined && sameText(typeOf(each) ?? '', type))
    .filter((each) => isHeard(each, type, stores))
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  return oldest?.spec.apiVersion;
}

function isHeard(object: Speaker, type: string, stores: Known): boolean {
  if (stores.hosts.keysByIndex(INDEX.ledgerOwner, object.metadata.uid).length > 0) return true;
  const { spec } = object;
  const policy = policyFor(object, stores);
  const common = { type, known: false, adopt: spec.adoption === 'Adopt' };
  if ('resourceId' in spec)
    return policy.allowsSystemAssigned({ ...common, hostId: spec.resourceId }).allowed;
  const { target, identityId } = spec;
  if (target.selector)
    return policy.allowsSelector({ scope: selectorScope(target.selector), type, known: false }).allowed;
  const identity = identityId === undefined ? ({ identityRef: true } as const) : { id: identityId };
  const hostId = target.resourceId ?? '';
  return policy.allowsAttachment({ ...common, hostId, bySelector: false, identity }).allowed;
}

/** Undefined for an id that is none of a resource: the API server's pattern cannot tell all of them. */
function typeOf({ spec }: Speaker): string | undefined {
  if ('target' in spec && spec.target.selector) return spec.target.selector.type;
  const id = 'target' in spec ? spec.target.resourceId : spec.resourceId;
  try {
    return id === undefined ? undefined : hostTypeOf(id);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
