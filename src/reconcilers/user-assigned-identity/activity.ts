import { armKey, sameId } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { identitiesNamed } from '../watches/watches.ts';
import type { UserAssignedIdentity } from './facts.ts';

const IDENTITY = /\/providers\/microsoft\.managedidentity\/userassignedidentities\/[^/#]+$/;

export const ownedInAzure: OwnedInAzure<UserAssignedIdentity> = {
  of: ({ status }) => (status?.id === undefined ? [] : [{ key: armKey(status.id) }]),
  ownersOf: (key, { identities }) =>
    IDENTITY.test(key)
      ? identitiesNamed(key, identities).filter((each) => sameId(identities.get(each)?.status?.id ?? '', key))
      : [],
};
