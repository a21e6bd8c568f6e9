import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { markedOwners, ownerValue } from '../../azure/names/identity-marks.ts';
import {
  armKey,
  identityId,
  ifParsed,
  parseIdentityId,
  parseIdentityIdIfAny,
  sameId,
} from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { Change } from '../../cache/store/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { azureNamesOf, INDEX, type Stores } from '../stores.ts';
import type { RecordedPrincipals } from './recorded-principals.ts';

/**
 * Where the identity of an object may be: what the spec says, which never changes, and what the status remembers, which is a hint. And
 * which objects a change of an identity in Azure may concern: those that may be at its place, and those that its marks name. Identities
 * of many teams have one name, so the name alone would lead from each to all.
 */

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
    // What is no id of an identity azid did not write.
    if (ifParsed(() => isWithinSpec(object, parseIdentityId(place)))) places.set(armKey(place), place);
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

type Identities = Pick<Stores['identities'], 'byIndex' | 'keysByIndex'>;

/**
 * For the index: the places where its identity may be, or its name where a policy says the rest; the principal that it has, wherever
 * that is moved to; its own name as marks have it, and its uid.
 */
export function concernedTerms(object: UserAssignedIdentity): string[] {
  const { id, principalId } = object.status ?? {};
  const places = placesNamed(object) ?? azureNamesOf(object).map(anywhere);
  return [
    ...new Set([
      ...places,
      ...(id === undefined ? [] : [armKey(id)]),
      ...(principalId === undefined ? [] : [having(principalId)]),
      named(ownerValue({ namespace: object.metadata.namespace ?? '', name: object.metadata.name })),
      marked(object.metadata.uid),
    ]),
  ];
}

/** By key; undefined where neither spec nor status says all of a place. */
function placesNamed(object: UserAssignedIdentity): readonly string[] | undefined {
  const { spec, status } = object;
  const subscriptionId = spec.subscriptionId ?? status?.coordinates?.subscriptionId;
  const resourceGroup = spec.resourceGroup ?? status?.coordinates?.resourceGroup;
  if (subscriptionId === undefined || resourceGroup === undefined) return undefined;
  return azureNamesOf(object).map((name) => armKey(identityId({ subscriptionId, resourceGroup, name })));
}

export interface ConcernedDeps {
  readonly stores: { readonly identities: Identities };
  readonly principals: Pick<RecordedPrincipals, 'holdersOf'>;
}

/** @param change what Azure showed there, and shows now */
export function identitiesConcerned(
  armId: string,
  { before, after }: Change<AzureIdentity>,
  deps: ConcernedDeps,
): readonly ObjectKey[] {
  const keys = new Set(identitiesAt(armId, deps.stores.identities));
  for (const shown of [before, after]) for (const key of provenBy(shown, deps)) keys.add(key);
  return [...keys];
}

/** Whose an identity that Azure shows may be: what proves that, its marks and its principal on record, leads there, also where a status says otherwise. */
export function mayOwn(shown: AzureIdentity, deps: ConcernedDeps): readonly ObjectKey[] {
  return identitiesConcerned(shown.id, { before: undefined, after: shown }, deps);
}

/** Those that may be at the place, going by their specs, their statuses, and what a policy may say. None for what is no such id. */
export function identitiesAt(armId: string, identities: Identities): readonly ObjectKey[] {
  const place = parseIdentityIdIfAny(armId);
  if (!place) return [];
  const unplaced = identities
    .byIndex(INDEX.concerned, anywhere(asciiLower(place.name)))
    .filter((object) => isWithinSpec(object, place))
    .map(keyOf);
  return [...identities.keysByIndex(INDEX.concerned, armKey(armId)), ...unplaced];
}

/** Those that may be wherever this one may be, itself included. */
export function identitiesBeside(
  object: UserAssignedIdentity,
  identities: Identities,
): ReadonlySet<ObjectKey> {
  const places = placesNamed(object);
  return new Set(
    places
      ? [...places, object.status?.id ?? ''].flatMap((id) => [...identitiesAt(id, identities)])
      : azureNamesOf(object).flatMap((name) => [...identities.keysByIndex(INDEX.azureName, name)]),
  );
}

/** By its marks, the principal on record, and the principal that a status says. */
function provenBy(
  shown: AzureIdentity | undefined,
  { stores: { identities }, principals }: ConcernedDeps,
): readonly ObjectKey[] {
  if (!shown) return [];
  const { owners, uids } = markedOwners(shown.tags);
  const recorded = principals.holdersOf(shown.principalId);
  const terms = [having(shown.principalId), ...owners.map(named), ...[...uids, ...recorded].map(marked)];
  return terms.flatMap((term) => [...identities.keysByIndex(INDEX.concerned, term)]);
}

const having = (principalId: string) => `principal ${asciiLower(principalId)}`;
const anywhere = (name: string) => `*/${name}`;
const named = (owner: string) => `owner ${owner}`;
const marked = (uid: string) => `uid ${asciiLower(uid)}`;
