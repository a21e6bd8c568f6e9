import type { IdentityPolicy } from '../api/identity-policy.ts';
import { asciiLower, sameText } from '../azure/names/ascii.ts';
import { sameRegion } from '../azure/names/region.ts';
import { armKey, isWithinScope } from '../azure/names/resource-id.ts';
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
import { type NamespaceFacts, selects } from './selection.ts';
import { type Allowed, allowed, type Denied, denied, type Verdict } from './verdict.ts';

/**
 * What the policies of a cluster allow in one namespace. The one evaluation every reconciler uses; pure, so that the
 * same answer can be had in tests, in a plan and in the controller. Default deny: no policy, no permission.
 */

export interface Defaults {
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Two policies that select one namespace and disagree. */
interface PolicyConflict {
  /** e.g. `defaults.location` or `defaults.tags[team]`. */
  readonly field: string;
  readonly values: readonly { readonly policy: string; readonly value: string }[];
}

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
  const names = selecting.map((policy) => policy.metadata.name);
  const { defaults, conflicts } = mergeDefaults(selecting);
  const none = `no IdentityPolicy selects namespace ${namespace.name}`;
  const ask = 'ask an administrator for an IdentityPolicy that does';
  return {
    namespace: namespace.name,
    policies: names,
    conflicts,
    defaults,
    allowsIdentity(id) {
      for (const policy of selecting) {
        if (policy.spec.identities?.scopes.some((scope) => isWithinScope(id, scope)))
          return allowedBy(policy);
      }
      if (names.length === 0) return denied(`${none}; ${ask}`);
      return denied(
        `no IdentityPolicy of namespace ${namespace.name} (${names.join(', ')}) allows an identity at ${id} in identities.scopes${alikeScope(
          id,
          selecting.flatMap(({ spec }) => spec.identities?.scopes ?? []),
        )}; ${ask}`,
      );
    },
    allowsAdoption(id) {
      const key = armKey(id);
      for (const policy of selecting) {
        if (policy.spec.adoption?.identityIds.some((allowed) => armKey(allowed) === key))
          return allowedBy(policy);
      }
      if (names.length === 0) return denied(`${none}; ${ask}`);
      return denied(
        `no IdentityPolicy of namespace ${namespace.name} (${names.join(', ')}) names ${id} in adoption.identityIds; ${ask}`,
      );
    },
    allowsGrant: (request) => allowsGrant(selecting, namespace, request),
    allowsAnyGrantAt: (scope) => allowsAnyGrantAt(selecting, namespace, scope),
    allowsFederation: (request) => allowsFederation(selecting, namespace, request),
    allowsAttachment: (request) => allowsAttachment(selecting, namespace, request),
    allowsSelector: (request) => allowsSelector(selecting, namespace, request),
    coversSelector: (request) => coversSelector(selecting, request),
    allowsSystemAssigned: (request) => allowsSystemAssigned(selecting, namespace, request),
  };
}

function allowedBy(policy: IdentityPolicy): Allowed {
  return allowed(policy.metadata.name);
}

/** A value two policies disagree on is no default at all: which one wins must not depend on their names. */
function mergeDefaults(policies: readonly IdentityPolicy[]): {
  defaults: Defaults;
  conflicts: PolicyConflict[];
} {
  const conflicts: PolicyConflict[] = [];
  const agree = (
    field: string,
    read: (policy: IdentityPolicy) => string | undefined,
    same = equal,
  ): string | undefined => {
    const values = policies.flatMap((policy) => {
      const value = read(policy);
      return value === undefined ? [] : [{ policy: policy.metadata.name, value }];
    });
    const [first] = values;
    if (!first) return undefined;
    if (values.every(({ value }) => same(value, first.value))) return first.value;
    conflicts.push({ field: `defaults.${field}`, values });
    return undefined;
  };

  const subscriptionId = agree('subscriptionId', (p) => p.spec.defaults?.subscriptionId, sameText);
  const resourceGroup = agree('resourceGroup', (p) => p.spec.defaults?.resourceGroup, sameText);
  const location = agree('location', (p) => p.spec.defaults?.location, sameRegion);
  const tags: Record<string, string> = {};
  // Azure compares tag names without regard to case; the first spelling is kept.
  const tagNames = new Map<string, string>();
  for (const policy of policies) {
    for (const name of Object.keys(policy.spec.defaults?.tags ?? {})) {
      if (!tagNames.has(asciiLower(name))) tagNames.set(asciiLower(name), name);
    }
  }
  for (const [lower, name] of tagNames) {
    const value = agree(`tags[${name}]`, (p) => tagOf(p, lower));
    if (value !== undefined) tags[name] = value;
  }
  return {
    defaults: {
      ...(subscriptionId !== undefined && { subscriptionId }),
      ...(resourceGroup !== undefined && { resourceGroup }),
      ...(location !== undefined && { location }),
      tags,
    },
    conflicts,
  };
}

function tagOf(policy: IdentityPolicy, lower: string): string | undefined {
  return Object.entries(policy.spec.defaults?.tags ?? {}).find(([name]) => asciiLower(name) === lower)?.[1];
}

const equal = (a: string, b: string) => a === b;

/** For a condition's message: who says what, and what to do. */
export function describeConflicts(policy: NamespacePolicy): string {
  const parts = policy.conflicts.map(
    ({ field, values }) =>
      `${field} is ${values.map(({ policy: name, value }) => `'${value}' in ${name}`).join(' and ')}`,
  );
  return `the IdentityPolicies of namespace ${policy.namespace} contradict each other: ${parts.join('; ')}; make them agree`;
}
