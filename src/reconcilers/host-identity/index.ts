import { hostIdentity } from '../../api/host-identity.ts';
import { sayingNeeds } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { areasOf } from '../watches/areas.ts';
import { decide } from './decide.ts';
import type { Action, Facts, HostIdentity, OwnStatus } from './facts.ts';
import { holds } from './holds.ts';
import { hostNamespaces } from './namespaces.ts';
import { needsLive } from './needs-live.ts';
import { IdentityViews } from './observe/identity-views.ts';
import { type Eyes, observe } from './observe.ts';
import { type Hands, perform } from './perform.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';
import { HostMemory } from './write/memory.ts';

/** HostIdentity: the only writer of a resource's `identity`. */
export const hostIdentityKind: KindDefinition<HostIdentity, Facts, Action, OwnStatus> = {
  name: 'hostidentity',
  resource: hostIdentity.resource,
  store,
  holds,
  namespacesOf: (key, { stores, hostMirror }) => hostNamespaces(key, stores, hostMirror),
  watches,
  decide: sayingNeeds(decide, needsLive),
  start(services) {
    const memory = new HostMemory();
    const areas = areasOf(services.hostMirror, 'hostidentity');
    const eyes: Eyes = { ...services, areas, memory, views: new IdentityViews(services) };
    const hands: Hands = { ...services, memory };
    return {
      observe: (object, context, live) => observe(object, context, live, eyes),
      decided(object, _facts, { actions }) {
        // A write that was not sent, because something came in between, is none that somebody must wait for.
        for (const action of actions)
          if (action.type === 'writeIdentity') memory.intend(object.metadata.uid, action.begun, action.asked);
      },
      perform: (action, object, context) => perform(action, object, context, hands),
      forget(key, uid) {
        areas.use(key, []);
        if (uid !== undefined) memory.forget(uid);
      },
    };
  },
};
