import { hostIdentity } from '../../api/host-identity.ts';
import type { KindDefinition } from '../definition.ts';
import { withNeeds } from '../kind.ts';
import { areasOf } from '../watches/areas.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, HostDecision, HostIdentity, OwnStatus } from './facts.ts';
import { holds } from './holds.ts';
import { hostNamespaces } from './namespaces.ts';
import { needsLive } from './needs-live.ts';
import type { ObserveDeps } from './observe/deps.ts';
import { ObservedIdentities } from './observe/identities.ts';
import { observe } from './observe.ts';
import { type PerformDeps, perform } from './perform.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';
import { aheadMs, HostMemory } from './write/memory.ts';

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
        // A write that was not sent, because something came in between, is none that somebody must wait for.
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
