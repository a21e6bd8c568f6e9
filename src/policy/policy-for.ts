import type { IdentityPolicy } from '../api/identity-policy.ts';
import { subscriptionOf } from '../azure/names/scope.ts';
import type { Namespace } from '../kube/builtin.ts';
import type { ObjectKey } from '../kube/types.ts';
import { evaluate, type NamespacePolicy } from './evaluate.ts';
import { factsOf } from './selection.ts';
import { unseenNamespace } from './unseen.ts';

/** The caches that the answer rests on. */
export interface PolicySources {
  readonly policies: {
    values(): readonly IdentityPolicy[];
    /** Another number after each change of one of them. */
    readonly version: number;
  };
  readonly namespaces: { get(key: ObjectKey): Namespace | undefined };
}

/** What of an object its policies follow from. */
interface Governed {
  readonly metadata: { readonly namespace?: string; readonly creationTimestamp: string };
}

/**
 * What the policies allow an object: the one way to ask, for every kind. Nothing, while its namespace was not seen: two
 * watches are not in step, an object may come before its new namespace, and a policy that selects by the absence of a
 * label would let in whoever is not known. The arrival of the namespace enqueues its objects.
 */
export function policyFor(object: Governed, { policies, namespaces }: PolicySources): NamespacePolicy {
  const { namespace: name = '', creationTimestamp } = object.metadata;
  const namespace = namespaces.get(name);
  if (!namespace || isPredecessor(namespace, creationTimestamp)) return unseenNamespace(name);
  return known(namespace, policies);
}

interface Known {
  readonly version: number;
  readonly policy: NamespacePolicy;
}

/** By policies, then by what is known of a namespace: each reconcile asks several times, for others too. */
const answers = new WeakMap<PolicySources['policies'], WeakMap<Namespace, Known>>();

function known(namespace: Namespace, policies: PolicySources['policies']): NamespacePolicy {
  let byNamespace = answers.get(policies);
  if (!byNamespace) {
    byNamespace = new WeakMap();
    answers.set(policies, byNamespace);
  }
  const { version } = policies;
  const kept = byNamespace.get(namespace);
  if (kept?.version === version) return kept.policy;
  const policy = evaluate(policies.values(), factsOf(namespace));
  byNamespace.set(namespace, { version, policy });
  return policy;
}

/** Subscriptions in which any policy lets anybody have identities: where those may be that azid made. No permission follows of it. */
export function subscriptionsNamed({ policies }: Pick<PolicySources, 'policies'>): readonly string[] {
  const scopes = policies.values().flatMap(({ spec: { identities } }) => identities?.scopes ?? []);
  return scopes.flatMap((scope) => subscriptionOf(scope) ?? []);
}

/**
 * Nothing can be created in a namespace that is going, so an object not older than the deletion lives in the next one of
 * that name, whose labels may be others.
 */
function isPredecessor({ metadata: { deletionTimestamp } }: Namespace, creationTimestamp: string): boolean {
  return deletionTimestamp !== undefined && Date.parse(creationTimestamp) >= Date.parse(deletionTimestamp);
}
