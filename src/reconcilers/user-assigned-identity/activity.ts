import { armKey, parseIdentityId, sameId } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { identitiesNamed } from '../watches/watches.ts';
import type { UserAssignedIdentity } from './facts.ts';

export const ownedInAzure: OwnedInAzure<UserAssignedIdentity> = {
  of: ({ status }) => (status?.id === undefined ? [] : [{ key: armKey(status.id) }]),
  ownersOf: (key, { identities }) =>
    isIdentity(key)
      ? identitiesNamed(key, identities).filter((each) => sameId(identities.get(each)?.status?.id ?? '', key))
      : [],
};

/** Hints are about anything, and a part of a resource is none either. */
function isIdentity(key: string): boolean {
  try {
    return parseIdentityId(key).name !== '';
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
