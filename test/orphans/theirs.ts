import { RG1, type Stage } from '../support/stage.ts';
import type { Cluster } from '../support/testbed.ts';

/** An identity, a grant and a credential of one name, in a namespace of a cluster, and whether Azure has all three. */

const TRUSTED = 'https://issuer.example.org';

export interface Theirs {
  isComplete(): boolean;
}

export async function theirs(
  cluster: Cluster,
  stage: Stage,
  name: string,
  deletionPolicy: 'Delete' | 'Retain' = 'Delete',
  namespace = 'theirs',
): Promise<Theirs> {
  const group = { subscriptionId: RG1.split('/')[2] ?? '', resourceGroup: 'rg1', location: 'westeurope' };
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await cluster.apply({
    apiVersion: 'azid.dev/v1alpha1',
    kind: 'IdentityPolicy',
    metadata: { name: `of-${namespace}` },
    spec: {
      namespaces: { names: [namespace] },
      identities: { scopes: [RG1] },
      grants: [{ scopes: [RG1], roles: ['Reader'] }],
      federation: [{ issuers: [TRUSTED], subjects: ['job:*'] }],
      defaults: group,
    },
  });
  const apply = (kind: string, spec: object) =>
    cluster.apply({
      apiVersion: 'azid.dev/v1alpha1',
      kind,
      metadata: { name, namespace },
      spec: { ...spec, deletionPolicy },
    });
  await apply('UserAssignedIdentity', {});
  await apply('RoleGrant', {
    principal: { identityRef: { name } },
    role: { name: 'Reader' },
    scope: RG1,
  });
  await apply('FederatedIdentityCredential', {
    identityRef: { name },
    issuer: TRUSTED,
    subject: `job:${name}`,
  });
  return { isComplete: () => isComplete(stage, name) };
}

function isComplete(stage: Stage, name: string): boolean {
  const { control } = stage.world.azure;
  const identity = stage.inAzure(name);
  if (!identity) return false;
  const granted = control.assignments({}).some(({ principalId }) => principalId === identity.principalId);
  return granted && control.credentials({ id: identity.id }).length > 0;
}
