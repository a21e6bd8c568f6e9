import type { HostIdentity } from '../../api/host-identity.ts';
import { hostTypeIfAny } from '../../azure/hosts/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { areaSelected } from '../hosts/claims/spec.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';
import { mayAwait } from './summary.ts';

/** What is no id of a resource no selector finds. */
function areaOf(resourceId: string): readonly string[] {
  const type = hostTypeIfAny(resourceId);
  return type === undefined ? [] : [areaSelected(resourceId, type)];
}

export const store: StoreDefinition<HostIdentity> = {
  name: 'hosts',
  internal: true,
  indexes: {
    [INDEX.host]: ({ spec }) => [armKey(spec.resourceId)],
    [INDEX.awaitingArea]: (object) => (mayAwait(object) ? areaOf(object.spec.resourceId) : []),
    [INDEX.movedTo]: ({ status }) => (status?.movedTo === undefined ? [] : [armKey(status.movedTo)]),
    [INDEX.identityId]: ({ status }) => [
      ...new Set((status?.entries ?? []).map(({ identityId }) => armKey(identityId))),
    ],
    [INDEX.ledgerOwner]: ({ status }) => [
      ...new Set(
        [...(status?.entries ?? []), ...(status?.systemAssigned ? [status.systemAssigned] : [])].flatMap(
          ({ owners }) => owners.map(({ uid }) => uid),
        ),
      ),
    ],
  },
};
