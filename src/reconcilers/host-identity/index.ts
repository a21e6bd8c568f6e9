import { hostIdentity } from '../../api/host-identity.ts';
import { hostTypeIfAny } from '../../azure/hosts/capabilities.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import type { KindDefinition } from '../definition.ts';
import { areaSelected } from '../hosts/claims/spec.ts';
import { withNeeds } from '../kind.ts';
import { INDEX, type StoreDefinition } from '../stores.ts';
import { areasOf } from '../watches/areas.ts';
import { decide } from './decide.ts';
import type { Action, Facts, HostDecision, HostIdentity, OwnStatus } from './facts.ts';
import { holds } from './holds.ts';
import type { ObserveDeps } from './observe/host.ts';
import { needsLive, ObservedIdentities } from './observe/live.ts';
import { observe } from './observe.ts';
import { type PerformDeps, perform } from './perform.ts';
import { mayAwait } from './summary.ts';
import { hostNamespaces, watches } from './watches.ts';
import { aheadMs } from './write/batch.ts';
import { HostMemory } from './write/memory.ts';

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

/** What is no id of a resource no selector finds. */
function areaOf(resourceId: string): readonly string[] {
  const type = hostTypeIfAny(resourceId);
  return type === undefined ? [] : [areaSelected(resourceId, type)];
}

export const ownedInAzure: OwnedInAzure<HostIdentity> = {
  of: ({ spec }) => [{ key: armKey(spec.resourceId) }],
  ownersOf: (key, { hosts }) => hosts.keysByIndex(INDEX.host, key),
  // Others write to a resource for their own ends: that concerns its identities where one was found missing after it.
  concerns: ({ own, change, blamed = false }) => own || blamed || change === 'delete',
};

/** HostIdentity: the only writer of a resource's `identity`. */
export const hostIdentityKind: KindDefinition<HostIdentity, Facts, Action, OwnStatus, HostDecision> = {
  name: 'hostidentity',
  resource: hostIdentity.resource,
  status: hostIdentity.status,
  store,
  holds,
  namespacesOf: (key, { stores, hostCache }) => hostNamespaces(key, stores, hostCache),
  watches,
  ownedInAzure,
  decide: withNeeds(decide, needsLive),
  start(services) {
    const memory = new HostMemory();
    const areas = areasOf(services.hostCache, 'hostidentity');
    const observeDeps: ObserveDeps = {
      ...services,
      areas,
      memory,
      observed: new ObservedIdentities(services),
    };
    const performDeps: PerformDeps = { ...services, memory };
    return {
      observe: (object, context, live) => observe(object, context, live, observeDeps),
      decided({ metadata: { uid } }, _facts, { actions, batch }) {
        memory.collect(uid, batch, aheadMs(services.clock));
        // No reconcile waits for the end of a write that was decided and not sent.
        for (const action of actions)
          if (action.type === 'writeIdentity') memory.intend(uid, action.begun, action.asked);
      },
      perform: (action, object, context) => perform(action, object, context, performDeps),
      forget(key, uid) {
        areas.use(key, []);
        if (uid !== undefined) memory.forget(uid);
      },
    };
  },
};
