/**
 * Which objects a change of an identity in Azure may concern: those that may be at its place, and those that its marks name. Identities
 * of many teams have one name, so the name alone would lead from each to all.
 */
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { asciiLower } from '../../azure/names/ascii.ts';
import { armKey, identityId, parseIdentityId } from '../../azure/names/resource-id.ts';
import type { Change } from '../../cache/store/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import { markedOwners } from '../marks.ts';
import { azureNamesOf, INDEX, type Stores } from '../stores.ts';
import { isWithinSpec } from './places.ts';

/** For the index: the places where its identity may be, or its name where a policy says the rest; and its uid, which marks name. */
export function concernedTerms(object: UserAssignedIdentity): string[] {
  const { spec, status, metadata } = object;
  const { coordinates, id } = status ?? {};
  const subscriptionId = spec.subscriptionId ?? coordinates?.subscriptionId;
  const resourceGroup = spec.resourceGroup ?? coordinates?.resourceGroup;
  const places = azureNamesOf(object).map((name) =>
    subscriptionId === undefined || resourceGroup === undefined
      ? anywhere(name)
      : armKey(identityId({ subscriptionId, resourceGroup, name })),
  );
  return [...new Set([...places, ...(id === undefined ? [] : [armKey(id)]), marked(metadata.uid)])];
}

/** @param change what Azure showed there, and shows now */
export function identitiesConcerned(
  armId: string,
  { before, after }: Change<AzureIdentity>,
  identities: Pick<Stores['identities'], 'byIndex' | 'keysByIndex' | 'get'>,
): readonly ObjectKey[] {
  const place = parseIdentityId(armId);
  const keys = new Set(identities.keysByIndex(INDEX.concerned, armKey(armId)));
  for (const object of identities.byIndex(INDEX.concerned, anywhere(asciiLower(place.name))))
    if (isWithinSpec(object, place)) keys.add(keyOf(object));
  for (const shown of [before, after]) {
    if (!shown) continue;
    const { owners, uids } = markedOwners(shown.tags);
    for (const owner of owners) if (identities.get(owner)) keys.add(owner);
    for (const uid of uids)
      for (const key of identities.keysByIndex(INDEX.concerned, marked(uid))) keys.add(key);
  }
  return [...keys];
}

const anywhere = (name: string) => `*/${name}`;
const marked = (uid: string) => `uid ${asciiLower(uid)}`;
