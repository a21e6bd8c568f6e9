import type { IdentityPolicy, IdentityPolicySpec } from '../../api/identity-policy.ts';
import { FINALIZER } from '../../api/schema/common.ts';
import { credentialName } from '../../azure/names/credential-name.ts';
import type { ObjectMeta } from '../../kube/types.ts';
import { evaluate } from '../../policy/evaluate.ts';
import type { Facts, FederatedIdentityCredential, SeenCredential, Sibling, Trust } from './facts.ts';

/** Builders for tables: a settled object with its policy, its identity and its credential, changed where a row says so. */

export const SUBSCRIPTION = '00000000-0000-0000-0000-00000000000a';
export const NOW = Date.parse('2026-11-23T10:00:00Z');
export const INSTALLATION = 'b7d8a1f0-0000-4000-8000-000000000001';
export const IDENTITY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/web`;
export const OTHER_IDENTITY = IDENTITY.replace(/web$/, 'other');
export const NAME = credentialName(INSTALLATION, { namespace: 'team-a', name: 'ci' });
export const ID = `${IDENTITY}/federatedIdentityCredentials/${NAME}`;
export const TRUST: Trust = {
  issuer: 'https://issuer.example.org/a',
  subject: 'job:build',
  audience: 'api://AzureADTokenExchange',
};
export const CLUSTER_ISSUER = 'https://oidc.example.org/cluster';

interface Change {
  readonly spec?: Partial<FederatedIdentityCredential['spec']>;
  readonly status?: FederatedIdentityCredential['status'];
  readonly metadata?: Partial<ObjectMeta>;
}

export function fic(change: Change = {}): FederatedIdentityCredential {
  return {
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'FederatedIdentityCredential',
    metadata: {
      namespace: 'team-a',
      name: 'ci',
      uid: 'uid-ci',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-01T00:00:00Z',
      ...change.metadata,
    },
    spec: { identityRef: { name: 'web' }, issuer: TRUST.issuer, subject: TRUST.subject, ...change.spec },
    ...(change.status && { status: change.status }),
  };
}

export const settledStatus = {
  id: ID,
  identityId: IDENTITY,
  principalId: 'principal-1',
  ...TRUST,
  ledger: [ID],
};

/** As it stands after azid has made its credential. */
export const settled = (change: Change = {}) =>
  fic({
    ...change,
    status: { ...settledStatus, ...change.status },
    metadata: { finalizers: [FINALIZER], ...change.metadata },
  });

export const deleted = (change: Change = {}) =>
  settled({
    ...change,
    metadata: { deletionTimestamp: '2026-11-23T09:59:00Z', finalizers: [FINALIZER], ...change.metadata },
  });

export function seen(change: Partial<SeenCredential> = {}): SeenCredential {
  const name = change.name ?? NAME;
  return { id: `${IDENTITY}/federatedIdentityCredentials/${name}`, name, ...TRUST, ...change };
}

export const known = (...credentials: readonly SeenCredential[]) =>
  ({ state: 'known', credentials, live: true }) as const;

export function sibling(name: string, change: Partial<Sibling> = {}): Sibling {
  return {
    key: `team-a/${name}`,
    uid: `uid-${name}`,
    creationTimestamp: '2026-10-01T00:00:00Z',
    credentialName: credentialName(INSTALLATION, { namespace: 'team-a', name }),
    trust: { ...TRUST, subject: `job:${name}` },
    deleting: false,
    mayWrite: true,
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
      federation: [
        { issuers: [TRUST.issuer], subjects: ['job:*'] },
        { issuers: ['cluster'], subjects: ['system:serviceaccount:$(namespace):*'] },
      ],
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
    defaultAudience: TRUST.audience,
    policy: evaluate(policies, { name: 'team-a', labels: {} }),
    clusterIssuer: { state: 'known', issuer: CLUSTER_ISSUER },
    identity: { state: 'owned', id: IDENTITY, principalId: 'principal-1', live: true, deleting: false },
    credentials: known(seen()),
    siblings: [],
    openWriteMs: 0,
    releaseAfterMs: 3_600_000,
    ...change,
  };
}
