import type { NamespacePolicy } from './evaluate.ts';
import type { Denied } from './verdict.ts';

/** The policies of a namespace that the cache does not hold: every request is denied for now, and nothing is defaulted. */
export function unseenNamespace(namespace: string): NamespacePolicy {
  const denied: Denied = {
    allowed: false,
    unseen: true,
    message: `waiting for namespace ${namespace}, which azid has not seen yet: without its labels no IdentityPolicy can be judged, so nothing is given until it is there; what stands is kept`,
  };
  const never = () => denied;
  return {
    namespace,
    unseen: denied,
    policies: [],
    conflicts: [],
    defaults: { tags: {} },
    allowsIdentity: never,
    allowsAdoption: never,
    allowsGrant: never,
    allowsAnyGrantAt: never,
    allowsFederation: never,
    allowsAttachment: never,
    allowsSelector: never,
    coversSelector: () => false,
    allowsSystemAssigned: never,
  };
}
