import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import type { KindDefinition } from '../definition.ts';
import { withNeeds } from '../kind.ts';
import { OwnWrites } from '../own-writes.ts';
import { isKeptAction, keptFacts, performKept, withKept } from '../retained.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { holds } from './holds.ts';
import { needsLive } from './needs-live.ts';
import { kept } from './object.ts';
import { IdentitiesInUse } from './observe/in-use.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { perform } from './perform.ts';
import { store } from './store.ts';
import { onIdentity, watches } from './watches.ts';

const decideLive = withNeeds(decide, needsLive);

/** FederatedIdentityCredential: who may become an identity. */
export const federatedIdentityCredentialKind: KindDefinition<
  FederatedIdentityCredential,
  Facts,
  Action,
  OwnStatus
> = {
  name: 'federatedidentitycredential',
  resource: federatedIdentityCredential.resource,
  status: federatedIdentityCredential.status,
  store,
  holds,
  watches,
  ownedInAzure,
  removals: ['deleteCredential'],
  sharded: 'byNamespace',
  decide: withKept(decideLive, kept),
  start(services) {
    const ownWrites = new OwnWrites(services.clock);
    const inUse = new IdentitiesInUse(services.credentialCache);
    const observeDeps: ObserveDeps = {
      ...services,
      ownWrites,
      inUse,
      onIdentity: (key) => onIdentity(services.stores, key),
    };
    return {
      observe: async (object, context, live) => ({
        ...(await observe(object, context, live, observeDeps)),
        ...keptFacts('credentials', object, services),
      }),
      async perform(action, object, context) {
        const { uid } = object.metadata;
        if (isKeptAction(action)) return performKept(action, object, context.signal, services);
        const put = action.type === 'putCredential' ? { begun: object.status?.writeStartedAt } : undefined;
        return ownWrites.run(uid, put, () => perform(action, context, services));
      },
      forget: (key, uid) => {
        inUse.forget(key);
        if (uid) ownWrites.forget(uid);
      },
    };
  },
};
