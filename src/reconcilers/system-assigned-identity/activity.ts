import { parsePart, partOf } from '../../hints/activity/call.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { SYSTEM } from '../hosts/ledger/lines.ts';
import { INDEX } from '../stores.ts';
import type { SystemAssignedIdentity } from './facts.ts';

export const ownedInAzure: OwnedInAzure<SystemAssignedIdentity> = {
  of: ({ spec }) => [{ key: partOf(spec.resourceId, SYSTEM) }],
  ownersOf(key, { systemIdentities }) {
    const { resource, part } = parsePart(key) ?? {};
    return resource !== undefined && part === SYSTEM
      ? systemIdentities.keysByIndex(INDEX.host, resource)
      : [];
  },
};
