import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey, identityId, parseIdentityId, sameId } from '../../azure/names/resource-id.ts';

/** Where the identity of an object may be: what the spec says, which never changes, and what the status remembers, which is a hint. */

type Place = Parameters<typeof identityId>[0];

/**
 * Where the object's identity may be: what the spec says, completed by what the status remembers. The spec never changes,
 * so a memory that contradicts it is none.
 */
export function placesOf(object: UserAssignedIdentity): readonly string[] {
  const { spec, status, metadata } = object;
  const { coordinates, id } = status ?? {};
  const subscriptionId = spec.subscriptionId ?? coordinates?.subscriptionId;
  const resourceGroup = spec.resourceGroup ?? coordinates?.resourceGroup;
  const places = new Map<string, string>();
  const add = (place: string) => {
    try {
      if (isWithinSpec(object, parseIdentityId(place))) places.set(armKey(place), place);
    } catch (error) {
      // No id of an identity: somebody else wrote it.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  if (subscriptionId !== undefined && resourceGroup !== undefined)
    for (const name of new Set([spec.name ?? coordinates?.name ?? metadata.name]))
      add(identityId({ subscriptionId, resourceGroup, name }));
  if (id !== undefined) add(id);
  return [...places.values()];
}

/** It is where the spec says, as far as that says anything. */
export function isWithinSpec({ spec }: UserAssignedIdentity, place: Place): boolean {
  return (['subscriptionId', 'resourceGroup', 'name'] as const).every((field) => {
    const wanted = spec[field];
    return wanted === undefined || asciiLower(wanted) === asciiLower(place[field]);
  });
}

/** The one place that the object itself asks for; undefined: a policy's default, or a memory, has to complete it. */
export function declaredPlace({ spec, metadata }: UserAssignedIdentity): string | undefined {
  const { subscriptionId, resourceGroup, name = metadata.name } = spec;
  if (subscriptionId === undefined || resourceGroup === undefined) return undefined;
  return identityId({ subscriptionId, resourceGroup, name });
}

export function isDeclared(object: UserAssignedIdentity, id: string): boolean {
  const declared = declaredPlace(object);
  return declared !== undefined && sameId(declared, id);
}
