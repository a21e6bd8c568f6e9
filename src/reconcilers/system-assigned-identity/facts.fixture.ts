import type { LedgerSystem } from '../../api/host-identity.ts';
import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import type { SystemAssignedIdentitySpec } from '../../api/system-assigned-identity.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { Failure } from '../decision.ts';
import type { Facts, ObservedLedger, SystemAssignedIdentity } from './facts.ts';

/** Builders for tables: an object with its policy, and a host that stands where a row puts it. */

export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const GROUP = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
export const VMS = 'Microsoft.Compute/virtualMachines';
export const VM = `${GROUP}/providers/${VMS}/vm1`;
export const UID = 'uid-sai';
export const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
export const ANOTHER = 'aaaaaaaa-0000-4000-8000-000000000002';
export const RELEASE_AFTER_MS = 3_600_000;

type Change = {
  spec?: Partial<SystemAssignedIdentitySpec>;
  status?: SystemAssignedIdentity['status'];
  metadata?: Partial<ObjectMeta>;
};

export function object(change: Change = {}): SystemAssignedIdentity {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'SystemAssignedIdentity',
    metadata: {
      namespace: 'team-a',
      name: 'vm1',
      uid: UID,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-20T00:00:00Z',
      finalizers: [FINALIZER],
      ...change.metadata,
    },
    spec: { resourceId: VM, ...change.spec },
    ...(change.status && { status: change.status }),
  };
}

export const settledStatus = {
  observedGeneration: 1,
  id: VM,
  principalId: PRINCIPAL,
  clientId: 'client-1',
  tenantId: 'tenant-1',
  servicePrincipalName: 'vm1',
};

export const settled = (change: Change = {}) =>
  object({ ...change, status: { ...settledStatus, ...change.status } });

export const deleted = (change: Change = {}) =>
  settled({ ...change, metadata: { deletionTimestamp: '2026-11-23T09:59:00Z', ...change.metadata } });

export function entry(change: Partial<LedgerSystem> = {}): LedgerSystem {
  return {
    principalId: PRINCIPAL,
    state: 'Attached',
    owned: true,
    owners: [{ kind: 'SystemAssignedIdentity', namespace: 'team-a', name: 'vm1', uid: UID }],
    credential: 'azid',
    since: '2026-11-23T09:00:00Z',
    ...change,
  };
}

export function ledger(change: Partial<ObservedLedger> = {}): ObservedLedger {
  return { contested: false, hostId: VM, ...change };
}

export const on = (change: Partial<LedgerSystem> = {}) => ledger({ entry: entry(change) });

export function policy(spec: Partial<IdentityPolicySpec> = {}): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name: 'team-a', uid: 'p', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      namespaces: { names: ['team-a'] },
      systemAssigned: [{ types: ['*'], scopes: [GROUP] }],
      ...spec,
    },
  };
}

export const answered = (principalId = PRINCIPAL, clientId = 'client-1') =>
  ({ state: 'found', principalId, clientId, tenantId: 'tenant-1' }) as const;

/** Facts, with the policies that the object's namespace has. */
export type FactsChange = Partial<Facts> & { readonly policies?: readonly IdentityPolicy[] };

export function facts({ policies = [policy()], ...change }: FactsChange = {}): Facts {
  return {
    now: NOW,
    policy: evaluate(policies, { name: 'team-a', labels: {} }),
    type: { name: VMS, known: true },
    absent: false,
    references: [],
    leftovers: [],
    releaseAfterMs: RELEASE_AFTER_MS,
    ...change,
  };
}

export function failure(change: Partial<Failure> = {}): Failure {
  return {
    kind: 'stalled',
    reason: 'AuthorizationFailed',
    message: 'Azure says no',
    ambiguous: false,
    error: undefined,
    ...change,
  };
}
