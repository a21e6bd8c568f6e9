import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { Failure } from '../decision.ts';
import type { Facts, RoleGrant, SeenRole } from './facts.ts';
import type { CoOwner, Held, ObservedAssignment, SeenAssignment } from './observed.ts';
import { descriptionOf } from './ownership/owners.ts';
import { targetOf } from './target/target.ts';

/** Builders for tables: a settled grant with its policy and its assignment, changed where a row says so. */

export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
export const SCOPE = '/subscriptions/00000000-0000-0000-0000-00000000000a/resourceGroups/rg1';
export const PRINCIPAL = 'aaaaaaaa-0000-4000-8000-000000000001';
export const RECYCLED = 'aaaaaaaa-0000-4000-8000-000000000002';
export const IDENTITY_ID = `${SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;

export const reader: SeenRole = {
  id: '/subscriptions/00000000-0000-0000-0000-00000000000a/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7',
  guid: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  name: 'Reader',
  type: 'BuiltInRole',
  content: 'content-1',
};
export const known = {
  state: 'known',
  id: PRINCIPAL,
  type: 'ServicePrincipal',
  young: false,
  live: true,
  identityId: IDENTITY_ID,
} as const;

type Change = {
  spec?: Partial<RoleGrant['spec']>;
  status?: RoleGrant['status'];
  metadata?: Partial<ObjectMeta>;
};

export function grant(change: Change = {}): RoleGrant {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'RoleGrant',
    metadata: {
      namespace: 'team-a',
      name: 'read',
      uid: 'uid-read',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-20T00:00:00Z',
      ...change.metadata,
    },
    spec: {
      principal: { identityRef: { name: 'web' } },
      role: { name: 'Reader' },
      scope: SCOPE,
      ...change.spec,
    },
    ...(change.status && { status: change.status }),
  };
}

export const target = targetOf(grant(), known, reader, INSTALLATION);
export const afterRecycling = targetOf(grant(), { ...known, id: RECYCLED }, reader, INSTALLATION);
export const ME = 'team-a/read';

/** As it stands after azid has made it. */
export const settledStatus = {
  observedGeneration: 1,
  assignmentId: target.id,
  principalId: PRINCIPAL,
  identityId: IDENTITY_ID,
  roleDefinitionId: reader.id,
  roleContent: reader.content,
  grantedAt: '2026-11-20T00:00:10.000Z',
  ledger: [target.id],
};

export const settled = (change: Change = {}) =>
  grant({
    ...change,
    status: { ...settledStatus, ...change.status },
    metadata: { finalizers: [FINALIZER], ...change.metadata },
  });

export const deleted = (change: Change = {}) =>
  settled({
    ...change,
    metadata: { deletionTimestamp: '2026-11-23T09:59:00Z', finalizers: [FINALIZER], ...change.metadata },
  });

export function coOwner(change: Partial<CoOwner> = {}): CoOwner {
  return {
    key: 'team-a/later',
    uid: 'uid-later',
    creationTimestamp: '2026-11-21T00:00:00Z',
    allowed: true,
    holds: true,
    ...change,
  };
}

export const older = (change: Partial<CoOwner> = {}) =>
  coOwner({ key: 'team-a/older', uid: 'uid-older', creationTimestamp: '2026-11-01T00:00:00Z', ...change });

export function assignment(change: Partial<SeenAssignment> = {}): SeenAssignment {
  return {
    id: target.id,
    name: target.name,
    scope: SCOPE,
    roleGuid: reader.guid,
    principalId: PRINCIPAL,
    description: descriptionOf(INSTALLATION, [coOwner({ key: ME })]),
    createdOn: Date.parse('2026-11-20T00:00:11Z'),
    ...change,
  };
}

export const present = (change: Partial<SeenAssignment> = {}): ObservedAssignment => ({
  state: 'present',
  assignment: assignment(change),
  live: true,
});
export const absent = {
  state: 'absent',
  missing: 'assignment',
  conclusive: true,
  conclusiveInMs: 0,
} as const;
export const duplicate = assignment({
  id: `${SCOPE}/providers/Microsoft.Authorization/roleAssignments/cccccccc-0000-4000-8000-000000000001`,
  name: 'cccccccc-0000-4000-8000-000000000001',
  description: 'made by hand',
});

/** The assignment of the principal before it was recycled, as the ledger of an object that follows it. */
export const stale = (observed: ObservedAssignment = present(), coOwners: readonly CoOwner[] = []): Held => ({
  id: target.id,
  observed,
  coOwners,
});

export function policy(spec: Partial<IdentityPolicySpec> = {}, name = 'team-a'): IdentityPolicy {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      namespaces: { names: ['team-a'] },
      grants: [{ roles: ['Reader'], scopes: [SCOPE] }],
      ...spec,
    },
  };
}

/** Facts, with the policies that the object's namespace has. */
export type FactsChange = Partial<Facts> & { readonly policies?: readonly IdentityPolicy[] };

export function facts({ policies = [policy()], ...change }: FactsChange = {}): Facts {
  return {
    now: NOW,
    installationId: INSTALLATION,
    policy: evaluate(policies, { name: 'team-a', labels: {} }),
    principal: known,
    role: { state: 'found', role: reader },
    target,
    azure: present(),
    coOwners: [],
    ends: new Map(),
    held: [],
    releaseAfterMs: 3_600_000,
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
