import type { IdentityPolicy } from '../api/identity-policy.ts';
import { isWithinScope, sameId } from '../azure/names/resource-id.ts';
import { subscriptionOf } from '../azure/names/scope.ts';
import type { Namespace } from '../kube/builtin.ts';
import type { ObjectKey } from '../kube/types.ts';
import { type Defaults, mergeDefaults, type PolicyConflict } from './defaults.ts';
import { allowsFederation, type FederationRequest } from './federation.ts';
import { allowsAnyGrantAt, allowsGrant, type GrantRequest } from './grants.ts';
import {
  type AttachmentRequest,
  allowsAttachment,
  allowsSelector,
  allowsSystemAssigned,
  coversSelector,
  type HostRequest,
  type SelectorRequest,
} from './hosts.ts';
import { alikeScope } from './near-miss.ts';
import { factsOf, type NamespaceFacts, selects } from './selection.ts';
import { type Denied, namedRules, type Test, type Verdict, verdictOf } from './verdict.ts';

/**
 * What the policies of a cluster allow in one namespace. The one evaluation every reconciler uses; pure, so that the
 * same answer can be had in tests, in a plan and in the controller. Default deny: no policy, no permission.
 */
export interface NamespacePolicy {
  readonly namespace: string;
  /** Set while the namespace was not seen yet: what every request is answered with. */
  readonly unseen?: Denied;
  /** Names of the policies that select the namespace, sorted. */
  readonly policies: readonly string[];
  readonly conflicts: readonly PolicyConflict[];
  /** Only what all selecting policies agree on. */
  readonly defaults: Defaults;
  /** May an identity with this ARM id be made and kept? */
  allowsIdentity(id: string): Verdict;
  /** May an identity with this ARM id, which azid did not make, be taken over? */
  allowsAdoption(id: string): Verdict;
  /** May this role be granted to this principal on this scope? */
  allowsGrant(request: GrantRequest): Verdict;
  /** May any role be granted on this scope? No: nothing is read in Azure for the namespace there. */
  allowsAnyGrantAt(scope: string): Verdict;
  /** May tokens of this issuer with this subject be trusted to become an identity of the namespace? */
  allowsFederation(request: FederationRequest): Verdict;
  /** May this identity be attached to this resource, chosen in this way? */
  allowsAttachment(request: AttachmentRequest): Verdict;
  /** May resources be chosen by selector there? No: none are listed in Azure for the namespace. */
  allowsSelector(request: SelectorRequest): Verdict;
  /** Whether selectors may choose everything there, so that nothing that one finds is left out. */
  coversSelector(request: SelectorRequest): boolean;
  /** May this resource's system-assigned identity be switched on? */
  allowsSystemAssigned(request: HostRequest): Verdict;
}

export function evaluate(policies: readonly IdentityPolicy[], namespace: NamespaceFacts): NamespacePolicy {
  const selecting = policies
    // A policy on its way out gives nothing any more.
    .filter((policy) => !policy.metadata.deletionTimestamp && selects(policy, namespace))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const { defaults, conflicts } = mergeDefaults(selecting);
  const of = { policies: selecting, namespace };
  const identities = namedRules(selecting, ({ identities: rule }) => rule && [rule]);
  const adoptions = namedRules(selecting, ({ adoption: rule }) => rule && [rule]);
  return {
    namespace: namespace.name,
    policies: selecting.map(({ metadata }) => metadata.name),
    conflicts,
    defaults,
    allowsIdentity: (id) => verdictOf({ ...of, rules: identities }, [PLACE], id),
    allowsAdoption: (id) => verdictOf({ ...of, rules: adoptions }, [ADOPTION], id),
    allowsGrant: (request) => allowsGrant(selecting, namespace, request),
    allowsAnyGrantAt: (scope) => allowsAnyGrantAt(selecting, namespace, scope),
    allowsFederation: (request) => allowsFederation(selecting, namespace, request),
    allowsAttachment: (request) => allowsAttachment(selecting, namespace, request),
    allowsSelector: (request) => allowsSelector(selecting, namespace, request),
    coversSelector: (request) => coversSelector(selecting, request),
    allowsSystemAssigned: (request) => allowsSystemAssigned(selecting, namespace, request),
  };
}

type Spec = IdentityPolicy['spec'];

const PLACE: Test<NonNullable<Spec['identities']>, string> = {
  meets: ({ scopes }, id) => scopes.some((scope) => isWithinScope(id, scope)),
  denial: (id, rules) =>
    `allows an identity at ${id} in identities.scopes${alikeScope(
      id,
      rules.flatMap(({ scopes }) => scopes),
    )}`,
};

const ADOPTION: Test<NonNullable<Spec['adoption']>, string> = {
  meets: ({ identityIds }, id) => identityIds.some((each) => sameId(each, id)),
  denial: (id) => `names ${id} in adoption.identityIds`,
};

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
 * label would let in namespaces that are not known. The arrival of the namespace enqueues its objects.
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
