import { armKey } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { INDEX } from '../stores.ts';
import type { RoleGrant } from './facts.ts';

export const ownedInAzure: OwnedInAzure<RoleGrant> = {
  of: ({ status }) =>
    [...(status?.ledger ?? []), status?.assignmentId ?? []].flat().map((id) => ({ key: armKey(id) })),
  ownersOf: (key, { grants }) => grants.keysByIndex(INDEX.assignment, key),
};
