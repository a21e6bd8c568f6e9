import type { Applied } from '../../../src/kube/client.ts';
import type { KubeObject } from '../../../src/kube/types.ts';
import { RG1 } from '../stage.ts';

/** One plain object of every kind, as a user writes it. */

const VM = `${RG1}/providers/Microsoft.Compute/virtualMachines/vm-1`;

export const SAMPLE_SPECS: Readonly<Record<string, object>> = {
  IdentityPolicy: { namespaces: { names: ['nobody'] }, identities: { scopes: [RG1] } },
  EventSource: { serviceBus: { namespace: 'contoso.servicebus.windows.net', queue: 'azid' } },
  OrphanSweep: { scopes: [RG1] },
  UserAssignedIdentity: {},
  FederatedIdentityCredential: {
    identityRef: { name: 'web' },
    kubernetes: { serviceAccount: { name: 'web' } },
  },
  RoleGrant: { principal: { identityRef: { name: 'web' } }, role: { name: 'Reader' }, scope: RG1 },
  SystemAssignedIdentity: { resourceId: VM },
  IdentityAttachment: { identityRef: { name: 'web' }, target: { resourceId: VM } },
  HostIdentity: { resourceId: VM },
  AssignmentExpiry: {
    assignmentId: `${RG1}/providers/Microsoft.Authorization/roleAssignments/e0390d55-6047-46ee-a527-4bf1f3e02e53`,
    owners: [{ namespace: 'team-a', name: 'read', uid: '11111111-2222-4333-8444-555555555555' }],
  },
  OrphanRecord: {
    type: 'RoleAssignment',
    id: `${RG1}/providers/Microsoft.Authorization/roleAssignments/e0390d55-6047-46ee-a527-4bf1f3e02e53`,
    reason: 'OwnerGone',
    installationId: '11111111-2222-4333-8444-555555555555',
    recordedAt: '2026-11-29T10:00:00Z',
  },
};

/** That object of `kind`, in the namespace where the kind has one. */
export function sample(
  { kind, namespaced }: { readonly kind: string; readonly namespaced: boolean },
  name: string,
  namespace: string,
): Applied & Pick<KubeObject, 'kind'> {
  const spec = SAMPLE_SPECS[kind];
  if (!spec) throw new Error(`expected test/support/status/samples.ts to have a ${kind}, got none`);
  const metadata = { name, ...(namespaced && { namespace }) };
  return { apiVersion: 'azid.dev/v1alpha1', kind, metadata, spec } as Applied;
}
