import { armKey, sameId } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { INDEX } from '../stores.ts';
import type { UserAssignedIdentity } from './facts.ts';

export const ownedInAzure: OwnedInAzure<UserAssignedIdentity> = {
  of: ({ status }) => (status?.id === undefined ? [] : [{ key: armKey(status.id) }]),
  // Those, too, that may come to be there; changes of another's identity are not for them to report.
  ownersOf: (key, { identities }) =>
    identities
      .keysByIndex(INDEX.concerned, key)
      .filter((each) => sameId(identities.get(each)?.status?.id ?? '', key)),
};
