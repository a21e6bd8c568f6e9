import { userAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { KindDefinition } from '../definition.ts';
import { withNeeds } from '../kind.ts';
import { OwnWrites } from '../own-writes.ts';
import { isKeptAction, keptFacts, performKept, withKept } from '../retained.ts';
import { onSignIn, signInOf, withSignIn } from '../sign-ins/last-sign-ins.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, UserAssignedIdentity } from './facts.ts';
import { kept } from './object.ts';
import type { ObserveDeps } from './observe/in-azure.ts';
import { needsLive, observe } from './observe.ts';
import { perform } from './perform.ts';
import { ownedInAzure, store, watches } from './watches.ts';

const decideLive = withNeeds(decide, needsLive);

/** UserAssignedIdentity: an identity with a life of its own. */
export const userAssignedIdentityKind: KindDefinition<UserAssignedIdentity, Facts, Action, OwnStatus> = {
  name: 'userassignedidentity',
  resource: userAssignedIdentity.resource,
  status: userAssignedIdentity.status,
  store,
  watches: (services) => [...watches(services), ...onSignIn('UserAssignedIdentity', services)],
  ownedInAzure,
  removals: ['deleteLeftover'],
  sharded: 'byNamespace',
  decide: withSignIn(withKept(decideLive, kept)),
  start(services) {
    const ownWrites = new OwnWrites(services.clock);
    const observeDeps: ObserveDeps = { ...services, ownWrites };
    return {
      observe: async (object, context, live) => ({
        ...(await observe(object, context, live, observeDeps)),
        ...signInOf(object, services),
        ...keptFacts('identities', object, services),
      }),
      async perform(action, object, context) {
        if (isKeptAction(action)) return performKept(action, object, context.signal, services);
        const put = action.type === 'createIdentity' ? { begun: object.status?.createStartedAt } : undefined;
        return ownWrites.run(object.metadata.uid, put, () => perform(action, object, context, services));
      },
      forget: (key, uid, moved = false) => {
        services.identityCache.use(key, []);
        if (uid) {
          ownWrites.forget(uid);
          services.proofs.forget(uid);
          if (moved) services.principals.handOver(uid);
          else services.principals.forget(uid);
        }
      },
    };
  },
};
