import { capabilityOf, hostTypeIfAny } from '../../azure/hosts/capabilities.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Hold } from '../holds.ts';
import { type AttachedDeps, attachmentsOf, mayHaveId } from '../hosts/claims/identity-of.ts';
import { attachmentAsked, selectorScope } from '../hosts/claims/spec.ts';
import { INDEX } from '../stores.ts';
import type { IdentityAttachment } from './facts.ts';

/**
 * Attachments of the identity that are not being deleted themselves and that a policy allows. One made since the
 * identity's deletion began gets nothing any more: it counts only where a resource's ledger names it.
 */
export const holds: readonly Hold<IdentityAttachment, AttachedDeps>[] = [
  {
    of: 'UserAssignedIdentity',
    identitiesOf({ metadata, spec: { identityRef, identityId } }, stores) {
      if (identityRef) return [`${metadata.namespace}/${identityRef.name}`];
      return identityId === undefined ? [] : mayHaveId(identityId, stores);
    },
    holders(identity, deps) {
      const { identities, hosts } = deps.stores;
      const since = identities.get(identity)?.metadata.deletionTimestamp;
      return attachmentsOf(identity, deps)
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .filter(
          ({ metadata: { creationTimestamp, uid } }) =>
            since === undefined ||
            creationTimestamp <= since ||
            hosts.byIndex(INDEX.ledgerOwner, uid).length > 0,
        )
        .filter((each) => isAllowed(each, deps))
        .map((each) => `IdentityAttachment ${keyOf(each)}`);
    },
  },
];

/** Somewhere it may: at its resource, where it may select, or where it is attached by a selector. */
function isAllowed(object: IdentityAttachment, { stores }: AttachedDeps): boolean {
  const { selector, resourceId } = object.spec.target;
  const policy = policyFor(object, stores);
  const held = stores.hosts.byIndex(INDEX.ledgerOwner, object.metadata.uid);
  // Not known yet: then what it has counts.
  if (policy.unseen) return held.length > 0;
  const allowedAt = (hostId: string, type: string) =>
    policy.allowsAttachment(
      attachmentAsked(object, { hostId, type, known: capabilityOf(type) !== undefined }),
    ).allowed;
  if (!selector) {
    if (resourceId === undefined) return false;
    const type = hostTypeIfAny(resourceId);
    // Where it is no id of a resource nothing can be attached, so it holds up no deletion.
    return type !== undefined && allowedAt(resourceId, type);
  }
  const scope = selectorScope(selector);
  const places = held.map(({ spec }) => spec.resourceId);
  return [scope, ...places].some((place) => allowedAt(place, selector.type));
}
