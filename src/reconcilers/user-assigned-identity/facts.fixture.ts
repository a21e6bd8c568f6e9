import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { ownerMarks, type Tags } from '../../azure/names/identity-marks.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { Facts, SeenIdentity, UserAssignedIdentity } from './facts.ts';

/** Builders for tables: a settled object with its policy and its identity, changed where a row says so. */

export const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
export const ME = { installationId: INSTALLATION, namespace: 'team-a', name: 'web', uid: 'uid-web' };
export const ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;

export function uai(
  change: {
    spec?: Partial<UserAssignedIdentity['spec']>;
    status?: UserAssignedIdentity['status'];
    metadata?: Partial<ObjectMeta>;
  } = {},
): UserAssignedIdentity {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'UserAssignedIdentity',
    metadata: {
      namespace: ME.namespace,
      name: ME.name,
      uid: ME.uid,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-01T00:00:00Z',
      ...change.metadata,
    },
    spec: {
      subscriptionId: SUBSCRIPTION,
      resourceGroup: 'rg1',
      location: 'westeurope',
      ...change.spec,
    },
    ...(change.status && { status: change.status }),
  };
}

/** As it stands after azid has made it. */
export const settledStatus = {
  id: ID,
  clientId: 'client-1',
  principalId: 'principal-1',
  tenantId: 'tenant-1',
  coordinates: { subscriptionId: SUBSCRIPTION, resourceGroup: 'rg1', location: 'westeurope', name: 'web' },
  tagKeys: [],
};

export const settled = (change: Parameters<typeof uai>[0] = {}) =>
  uai({
    ...change,
    status: { ...settledStatus, ...change.status },
    metadata: { finalizers: [FINALIZER], ...change.metadata },
  });

export const deleted = (change: Parameters<typeof uai>[0] = {}) =>
  settled({
    ...change,
    metadata: { deletionTimestamp: '2026-11-23T09:59:00Z', finalizers: [FINALIZER], ...change.metadata },
  });

export function seen(tags: Tags = ownerMarks(ME), change: Partial<SeenIdentity> = {}): SeenIdentity {
  return {
    id: ID.replace('resourceGroups', 'resourcegroups'),
    location: 'westeurope',
    tags,
    clientId: 'client-1',
    principalId: 'principal-1',
    tenantId: 'tenant-1',
    ...change,
  };
}

export function policy(spec: Partial<IdentityPolicySpec> = {}, name = 'team-a'): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      namespaces: { names: ['team-a'] },
      identities: { scopes: [`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1`] },
      ...spec,
    },
  };
}

/** Facts, with the policies that the object's namespace has. `recorded`: what Azure shows, unless it is said to be undefined. */
export type FactsChange = Partial<Omit<Facts, 'recorded'>> & {
  readonly policies?: readonly IdentityPolicy[];
  readonly recorded?: string | undefined;
};

export function facts({ policies = [policy()], ...change }: FactsChange = {}): Facts {
  const { azure = { state: 'present', identity: seen(), live: true }, recorded, ...others } = change;
  const shown = azure.state === 'present' ? azure.identity.principalId : undefined;
  const onRecord = 'recorded' in change ? recorded : shown;
  return {
    now: NOW,
    installationId: INSTALLATION,
    policy: evaluate(policies, { name: 'team-a', labels: {} }),
    azure,
    ...(onRecord !== undefined && { recorded: onRecord }),
    holders: [],
    azidNamespace: 'azid-system',
    rivals: [],
    references: [],
    leftovers: [],
    configMaps: [],
    releaseAfterMs: 3_600_000,
    ...others,
  };
}

export const absent = {
  state: 'absent',
  missing: 'resource',
  conclusive: true,
  conclusiveInMs: 0,
} as const;
