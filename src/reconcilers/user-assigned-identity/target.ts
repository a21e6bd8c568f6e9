import type { Coordinates, UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { regionName, sameRegion } from '../../azure/names/region.ts';
import { identityId, sameId } from '../../azure/names/resource-id.ts';
import type { Defaults } from '../../policy/evaluate.ts';

/** Where in Azure an object's identity lives or should live. */
export interface Target {
  readonly id: string;
  readonly coordinates: Coordinates;
  /** Whether the status names the place already. */
  readonly pinned: boolean;
}

type Resolution =
  | { readonly resolved: true; readonly target: Target }
  /** `missing`: the fields neither the spec nor a policy gives. */
  | { readonly resolved: false; readonly missing: readonly string[] };

const FIELDS = ['subscriptionId', 'resourceGroup', 'location'] as const;

/**
 * The spec, then where Azure shows the object's identity, then what was pinned, then what a mark in Azure says (an object
 * that was restored without its status), then the policies' defaults. The spec comes first because it is immutable: where
 * it speaks, the pin can only agree, or was forged.
 *
 * @param marked coordinates of an identity in Azure with the mark of an object of this namespace and name
 * @param proven coordinates of the identity that Azure shows as this very object's
 */
export function resolveTarget(
  object: UserAssignedIdentity,
  defaults: Defaults,
  marked?: Coordinates,
  proven?: Coordinates,
): Resolution {
  const { spec, metadata, status } = object;
  const earlier = proven ?? status?.coordinates ?? marked;
  const pick = (field: (typeof FIELDS)[number]) => spec[field] ?? earlier?.[field] ?? defaults[field];
  const [subscriptionId, resourceGroup, region] = FIELDS.map(pick);
  if (subscriptionId === undefined || resourceGroup === undefined || region === undefined) {
    return { resolved: false, missing: FIELDS.filter((field) => pick(field) === undefined) };
  }
  const name = spec.name ?? earlier?.name ?? metadata.name;
  const coordinates = { subscriptionId, resourceGroup, location: regionName(region), name };
  const id = identityId(coordinates);
  return {
    resolved: true,
    target: { id, coordinates, pinned: isPinned(status?.coordinates, id) },
  };
}

function isPinned(pinned: Coordinates | undefined, id: string): boolean {
  return pinned !== undefined && sameId(identityId(pinned), id);
}

/**
 * Where an identity is that Azure shows with the object's marks. The pin's spelling stays where it names the same place:
 * Azure's own varies.
 */
export function coordinatesOf(
  { status }: UserAssignedIdentity,
  { id, subscriptionId, resourceGroup, location, name }: AzureIdentity,
): Coordinates {
  const pinned = status?.coordinates;
  const place = pinned && isPinned(pinned, id) ? pinned : { subscriptionId, resourceGroup, name };
  const { location: remembered = location } = pinned ?? {};
  return { ...place, location: sameRegion(remembered, location) ? remembered : location };
}
