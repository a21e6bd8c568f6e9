/** Does the simulated Azure really hold what an object declares? Asked of its state, never of azid. */
import type { ManagedObject } from '../api/common.ts';
import { type UserAssignedIdentity, userAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { Identity } from './azure/identities/identities.ts';

/** What differs, one line each; undefined for a kind that has nothing of its own in Azure. */
export function differences(
  object: ManagedObject,
  identities: readonly Identity[],
): readonly string[] | undefined {
  switch (object.kind) {
    case userAssignedIdentity.resource.kind:
      return identityDifferences(object as UserAssignedIdentity, identities);
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
  const wanted: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['name', spec.name ?? metadata.name, identity.name],
    ['subscriptionId', spec.subscriptionId, identity.subscriptionId],
    ['resourceGroup', spec.resourceGroup, identity.resourceGroup],
    ['location', spec.location, identity.location],
    ['isolationScope', spec.isolationScope, identity.isolationScope],
    ['principalId', status?.principalId ?? 'one in the status', identity.principalId],
    ['clientId', status?.clientId ?? 'one in the status', identity.clientId],
    ['tenantId', status?.tenantId ?? 'one in the status', identity.tenantId],
  ];
  const fields = wanted
    .filter(([, expected, actual]) => expected !== undefined && !same(expected, actual ?? ''))
    .map(([field, expected, actual = 'none']) => `${field}: expected ${expected}, found ${actual}`);
  const tags = Object.entries(spec.tags ?? {})
    .filter(([name, value]) => tagOf(identity, name) !== value)
    .map(([name, value]) => `tag ${name}: expected ${value}, found ${tagOf(identity, name) ?? 'none'}`);
  return [...fields, ...tags];
}

/** Azure compares names and ids without case, tag names too. */
const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

function tagOf({ tags }: Identity, name: string): string | undefined {
  return Object.entries(tags).find(([key]) => same(key, name))?.[1];
}
