import type { Coordinates } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { MARK, type Owner, ownershipOf, tag } from '../../azure/names/identity-marks.ts';
import { identityId, sameId } from '../../azure/names/resource-id.ts';
import { regionName, sameRegion } from '../../azure/names/text.ts';
import type { Defaults } from '../../policy/defaults.ts';
import { isDeclared } from '../proof/places.ts';
import type { Keeping } from '../retained.ts';
import type { Action, Facts, OwnStatus, SeenIdentity, UserAssignedIdentity } from './facts.ts';

/** What every branch of the decision reads off the object: its own status, its owner marks, and where its identity is to be. */

export function ownerOf(object: UserAssignedIdentity, facts: Pick<Facts, 'installationId'>): Owner {
  const { namespace = '', name, uid } = object.metadata;
  return { installationId: facts.installationId, namespace, name, uid };
}

/**
 * It carries the object's own marks, but the principal on record is another one, and neither the spec nor the status says that the
 * object's identity is there: such a one was deployed from a template of the object's own identity, tags and all.
 */
export function isCopy(
  object: UserAssignedIdentity,
  { lastShown }: Pick<Facts, 'lastShown'>,
  { id, pinned }: Target,
  { principalId }: Pick<SeenIdentity, 'principalId'>,
): boolean {
  return lastShown !== undefined && lastShown !== principalId && !pinned && !isDeclared(object, id);
}

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
 * The spec, then where Azure shows the object's identity, then what was pinned, then what a mark in Azure says (an object that was
 * restored without its status), then the policies' defaults. The spec comes first because it is immutable: where it has a field, the pin
 * has the same, or was forged.
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

/**
 * What counts as the object's where it says `Retain`. The record is believed of what carries the marks of this very object, so it may
 * rest on the status. Once the tag says that it is retained, the record is over.
 */
export const kept: Keeping<UserAssignedIdentity, Facts, Action, OwnStatus> = {
  ids: (_, __, { status, actions }) => {
    const given = actions.flatMap((action) => (givesMarks(action) && 'id' in action ? [action.id] : []));
    return given.length > 0 || status.id === undefined ? given : [status.id];
  },
  gives: givesMarks,
  isMarkedInAzure: (object, facts) =>
    facts.azure?.state === 'present' &&
    ownershipOf(facts.azure.identity.tags, ownerOf(object, facts)).state === 'retainedForMe',
};

function givesMarks(action: Action): boolean {
  return (
    action.type === 'createIdentity' ||
    (action.type === 'updateIdentity' && tag(action.tags ?? {}, MARK.ownerUid) !== undefined)
  );
}
