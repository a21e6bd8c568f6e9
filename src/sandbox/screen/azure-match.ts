/** Does the simulated Azure really hold what an object declares? Asked of its state, never of azid. */

import {
  type FederatedIdentityCredential,
  federatedIdentityCredential,
} from '../../api/federated-identity-credential.ts';
import { type RoleGrant, roleGrant } from '../../api/role-grant.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { HeldAssignment } from '../../simulator/authorizer.ts';
import type { Identity } from '../../simulator/identities/identities.ts';
import type { HeldCredential } from '../../simulator/token/federation.ts';

/** What the simulated Azure holds now; asking costs no call that a request log would show. */
export interface Held {
  identities(): readonly Identity[];
  assignments(): readonly HeldAssignment[];
  credentials(identityId: string): readonly HeldCredential[];
}

/** What differs, one line each; undefined for a kind that has nothing of its own in Azure. */
export function differences(object: ManagedObject, azure: Held): readonly string[] | undefined {
  switch (object.kind) {
    case userAssignedIdentity.resource.kind:
      return identityDifferences(object as UserAssignedIdentity, azure.identities());
    case roleGrant.resource.kind:
      return grantDifferences(object as RoleGrant, azure.assignments());
    case federatedIdentityCredential.resource.kind:
      return credentialDifferences(object as FederatedIdentityCredential, azure);
    default:
      return undefined;
  }
}

function identityDifferences(
  { metadata, spec, status }: UserAssignedIdentity,
  identities: readonly Identity[],
): string[] {
  const id = status?.id;
  if (id === undefined) return ['no identity named in the status'];
  const identity = identities.find((each) => same(each.id, id));
  if (!identity) return [`no identity ${id}`];
  const fields = unequal([
    ['name', spec.name ?? metadata.name, identity.name],
    ['subscriptionId', spec.subscriptionId, identity.subscriptionId],
    ['resourceGroup', spec.resourceGroup, identity.resourceGroup],
    ['location', spec.location, identity.location],
    ['isolationScope', spec.isolationScope, identity.isolationScope],
    ['principalId', status?.principalId ?? 'one in the status', identity.principalId],
    ['clientId', status?.clientId ?? 'one in the status', identity.clientId],
    ['tenantId', status?.tenantId ?? 'one in the status', identity.tenantId],
  ]);
  const tags = Object.entries(spec.tags ?? {})
    .filter(([name, value]) => tagOf(identity, name) !== value)
    .map(([name, value]) => `tag ${name}: expected ${value}, found ${tagOf(identity, name) ?? 'none'}`);
  return [...fields, ...tags];
}

function grantDifferences({ spec, status }: RoleGrant, assignments: readonly HeldAssignment[]): string[] {
  const id = status?.assignmentId;
  if (id === undefined) return ['no role assignment named in the status'];
  const held = assignments.find((each) => same(each.id, id));
  if (!held) return [`no role assignment ${id}`];
  return unequal([
    ['scope', spec.scope, held.scope],
    ['principalId', status?.principalId ?? 'one in the status', held.principalId],
    ['role', status?.roleDefinitionId?.split('/').at(-1) ?? 'one in the status', held.roleGuid],
  ]);
}

function credentialDifferences({ status }: FederatedIdentityCredential, azure: Held): string[] {
  const { id, identityId } = status ?? {};
  if (id === undefined || identityId === undefined) return ['no credential named in the status'];
  const held = azure.credentials(identityId).find(({ name }) => same(name, id.split('/').at(-1) ?? ''));
  if (!held) return [`no credential ${id}`];
  return unequal([
    ['issuer', status?.issuer, held.issuer],
    ['subject', status?.subject, held.subject],
    ['audience', status?.audience, held.audience],
  ]);
}

function unequal(
  wanted: readonly (readonly [field: string, expected: string | undefined, actual: string | undefined])[],
): string[] {
  return wanted
    .filter(([, expected, actual]) => expected !== undefined && !same(expected, actual ?? ''))
    .map(([field, expected, actual = 'none']) => `${field}: expected ${expected}, found ${actual}`);
}

/** Azure compares names and ids without case, tag names too. */
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function tagOf({ tags }: Identity, name: string): string | undefined {
  return Object.entries(tags).find(([key]) => same(key, name))?.[1];
}
