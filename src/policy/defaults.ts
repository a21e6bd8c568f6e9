import type { IdentityPolicy } from '../api/identity-policy.ts';
import { asciiLower, sameRegion, sameText } from '../azure/names/text.ts';

/** What the policies of a namespace fill in where an object leaves it out: only what all of them agree on. */

export interface Defaults {
  readonly subscriptionId?: string;
  readonly resourceGroup?: string;
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Two policies that select one namespace and disagree. */
export interface PolicyConflict {
  /** e.g. `defaults.location` or `defaults.tags[team]`. */
  readonly field: string;
  readonly values: readonly { readonly policy: string; readonly value: string }[];
}

/** A value two policies disagree on is no default at all: which one wins must not depend on their names. */
export function mergeDefaults(policies: readonly IdentityPolicy[]): {
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
export function describeConflicts(policy: {
  readonly namespace: string;
  readonly conflicts: readonly PolicyConflict[];
}): string {
  const parts = policy.conflicts.map(
    ({ field, values }) =>
      `${field} is ${values.map(({ policy: name, value }) => `'${value}' in ${name}`).join(' and ')}`,
  );
  return `the IdentityPolicies of namespace ${policy.namespace} contradict each other: ${parts.join('; ')}; make them agree`;
}
