import type { IdentityAttachment } from '../../api/identity-attachment.ts';
import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { capabilityOf, hostTypeIfAny, hostTypeOf } from '../../azure/hosts/capabilities.ts';
import type { Hosts } from '../../azure/hosts/hosts.ts';
import { sameText } from '../../azure/names/ascii.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { HostCache } from '../../cache/hosts/hosts.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { ObservedSystemIdentity } from '../proof/system-identity.ts';
import { INDEX, type Stores } from '../stores.ts';
import { attachmentAsked, selectorScope, systemAssignedAsked } from './claims/spec.ts';

type Claimant = IdentityAttachment | SystemAssignedIdentity;
type Known = Pick<Stores, 'attachments' | 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;

/**
 * API version of a type that azid does not know, as the oldest object gives it: one list serves all objects of the type.
 * Read by a wrong version a resource may show no identities at all, so only those objects count that a policy lets have
 * something of the type, and those that have it.
 */
export function apiVersionOf(type: string, stores: Known): string | undefined {
  if (capabilityOf(type)) return undefined;
  const [oldest] = [...stores.attachments.values(), ...stores.systemIdentities.values()]
    .filter((each) => each.spec.apiVersion !== undefined && sameText(typeOf(each) ?? '', type))
    .filter((each) => counts(each, type, stores))
    .toSorted((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  return oldest?.spec.apiVersion;
}

function counts(object: Claimant, type: string, stores: Known): boolean {
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

interface SystemIdentityDeps {
  readonly hosts: Pick<Hosts, 'get'>;
  readonly hostCache: Pick<HostCache, 'observe'>;
  readonly stores: Known;
}

/** A resource's own identity as Azure answers now; whether its absence is proven follows from the cache. */
export async function systemIdentityNow(
  hostId: string,
  context: CallContext,
  { hosts, hostCache, stores }: SystemIdentityDeps,
): Promise<ObservedSystemIdentity> {
  const apiVersion = apiVersionOf(hostTypeOf(hostId), stores);
  const got = await hosts.get(hostId, context, { apiVersion });
  if (!got.found) return { found: false, conclusive: hostCache.observe(hostId).state === 'absent' };
  const { system, principalId } = got.host.identity;
  if (principalId !== undefined) return { found: true, principalId };
  // While a write is under way it may just be coming.
  const [ledger] = stores.hosts.byIndex(INDEX.host, armKey(hostId));
  const { operation, writeStartedAt } = ledger?.status ?? {};
  return { found: false, conclusive: !system && operation === undefined && writeStartedAt === undefined };
}
