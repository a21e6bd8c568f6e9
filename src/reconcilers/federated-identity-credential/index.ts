import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { keyOf } from '../../kube/types.ts';
import { withNeeds } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { OwnWrites } from '../own-writes.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { holds } from './holds.ts';
import { needsLive } from './needs-live.ts';
import { IdentitiesInUse } from './observe/in-use.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { perform } from './perform.ts';
import { store } from './store.ts';
import { onIdentity, watches } from './watches.ts';

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
  decide: withNeeds(decide, needsLive),
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
      observe: (object, context, live) => observe(object, context, live, observeDeps),
      async perform(action, object, context) {
        const { uid } = object.metadata;
        if (action.type === 'recordRetained') {
          await services.retained.record(action.ids, keyOf(object), context.signal);
          return {};
        }
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
