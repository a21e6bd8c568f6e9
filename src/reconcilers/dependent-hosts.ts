import type { LedgerEntry, LedgerOwner } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { capabilityOf, hostTypeOf } from '../azure/hosts/capabilities.ts';
import { armKey } from '../azure/names/resource-id.ts';
import { keyOf, type ObjectKey } from '../kube/types.ts';
import { policyFor } from '../policy/policy-for.ts';
import { selectorScope } from './hosts/selector.ts';
import { INDEX, type Stores } from './stores.ts';

/** What an identity that is to be deleted is attached to: the objects that want it so, and the resources that still have it. */

type Known = Pick<Stores, 'identities' | 'attachments' | 'hosts' | 'policies' | 'namespaces'> & {
  /** Where an object's identity is. */
  readonly placeOf: (object: UserAssignedIdentity) => string | undefined;
};

/**
 * How long a resource may hold an identity that nobody wants attached any more and for which no object answers. One that
 * Azure never lets azid change would hold it for ever (docs/guarantees.md G18); what it keeps is an entry without a principal.
 */
export const HOSTS_HOLD_MS = 60 * 60_000;

/**
 * Attachments of the identity that are not going themselves and that a policy allows, by kind and key. One made since the
 * identity's deletion began gets nothing any more: it counts only where a resource's ledger names it.
 */
export function allowedAttachments(identity: ObjectKey, stores: Known, since?: string): string[] {
  const holds = ({ metadata: { creationTimestamp, uid } }: IdentityAttachment) =>
    since === undefined ||
    creationTimestamp <= since ||
    stores.hosts.byIndex(INDEX.ledgerOwner, uid).length > 0;
  return attachmentsOf(identity, stores)
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .filter(holds)
    .filter((each) => isAllowed(each, stores))
    .map((each) => `IdentityAttachment ${keyOf(each)}`);
}

/**
 * Resources that azid attached the identity to and is to detach it from: in their ledger is an entry that azid made and
 * whose owners all let go of it. An entry that a living object keeps, though no policy allows it any more, holds nobody.
 *
 * @param now wall ms
 */
export function hostsToLeave(
  identity: ObjectKey,
  stores: Known,
  now: number,
  holdMs: number = HOSTS_HOLD_MS,
): string[] {
  const object = stores.identities.get(identity);
  const key = keyInAzure(object, stores);
  if (key === undefined) return [];
  const asked = timeOf(object?.metadata.deletionTimestamp);
  const holds = (entry: LedgerEntry) =>
    armKey(entry.identityId) === key &&
    isLeaving(entry, identity, stores) &&
    // An object on its way out waits for its resources itself, and not for ever.
    (entry.owners.some((owner) => isGoing(owner, stores)) ||
      now - Math.max(asked, entry.state === 'Detaching' ? timeOf(entry.since) : 0) < holdMs);
  return stores.hosts
    .byIndex(INDEX.identityId, key)
    .filter(({ status }) => status?.entries?.some(holds))
    .map(({ spec }) => `${spec.resourceId} (being detached)`);
}

function isLeaving({ owned, state, owners }: LedgerEntry, identity: ObjectKey, stores: Known): boolean {
  return owned && (state === 'Detaching' || !owners.some((owner) => wantsIt(owner, identity, stores)));
}

function isGoing({ namespace, name, uid }: LedgerOwner, { attachments }: Known): boolean {
  const { metadata } = attachments.get(`${namespace}/${name}`) ?? {};
  return metadata?.uid === uid && metadata.deletionTimestamp !== undefined;
}

function timeOf(time: string | undefined): number {
  return time === undefined ? Number.POSITIVE_INFINITY : Date.parse(time);
}

function wantsIt({ namespace, name, uid }: LedgerOwner, identity: ObjectKey, stores: Known): boolean {
  const object = stores.attachments.get(`${namespace}/${name}`);
  if (object?.metadata.uid !== uid || object.metadata.deletionTimestamp) return false;
  return attachmentsOf(identity, stores).some(({ metadata }) => metadata.uid === uid);
}

/** By reference, and of any namespace by ARM id. */
function attachmentsOf(identity: ObjectKey, stores: Known): IdentityAttachment[] {
  const { attachments, identities } = stores;
  const key = keyInAzure(identities.get(identity), stores);
  const byId = key === undefined ? [] : attachments.byIndex(INDEX.identityId, key);
  // The index also knows what an attachment had before its spec was edited.
  const naming = byId.filter(({ spec }) => spec.identityId !== undefined && armKey(spec.identityId) === key);
  return [...attachments.byIndex(INDEX.identityRef, identity), ...naming];
}

function keyInAzure(
  identity: UserAssignedIdentity | undefined,
  { placeOf }: Pick<Known, 'placeOf'>,
): string | undefined {
  const id = identity && placeOf(identity);
  return id === undefined ? undefined : armKey(id);
}

/** Somewhere it may: at its resource, where it may select, or where it is attached by a selector. */
function isAllowed(object: IdentityAttachment, stores: Known): boolean {
  const { identityId, target, adoption } = object.spec;
  const { selector, resourceId } = target;
  const policy = policyFor(object, stores);
  const held = stores.hosts.byIndex(INDEX.ledgerOwner, object.metadata.uid);
  // Nobody can tell yet: then what it has counts.
  if (policy.unseen) return held.length > 0;
  const allowedAt = (hostId: string, type: string) =>
    policy.allowsAttachment({
      hostId,
      type,
      known: capabilityOf(type) !== undefined,
      adopt: adoption === 'Adopt',
      bySelector: selector !== undefined,
      identity: identityId === undefined ? { identityRef: true } : { id: identityId },
    }).allowed;
  if (!selector) {
    const type = typeOf(resourceId);
    return resourceId !== undefined && type !== undefined && allowedAt(resourceId, type);
  }
  const scope = selectorScope(selector);
  const places = held.map(({ spec }) => spec.resourceId);
  return [scope, ...places].some((place) => allowedAt(place, selector.type));
}

function typeOf(hostId: string | undefined): string | undefined {
  try {
    return hostId === undefined ? undefined : hostTypeOf(hostId);
  } catch (error) {
    // No id of a resource: nothing can be attached there, so it holds nobody.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
