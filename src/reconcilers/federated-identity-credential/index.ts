import { federatedIdentityCredential } from '../../api/federated-identity-credential.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import type { FederatedCredentials } from '../../azure/federated-credentials.ts';
import type { KindDefinition } from '../definition.ts';
import { type Performed, type ReconcileContext, withNeeds, written } from '../kind.ts';
import { OwnWrites } from '../own-writes.ts';
import { isKeptAction, keptFacts, performKept, withKept } from '../retained.ts';
import { decide } from './decide.ts';
import type { Action, CredentialWrite, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { kept } from './object.ts';
import { IdentitiesInUse } from './observe/credentials.ts';
import { needsLive, type ObserveDeps, observe } from './observe.ts';
import { holds } from './request.ts';
import { ownedInAzure, store, watches } from './watches.ts';

const decideLive = withNeeds(decide, needsLive);

/** FederatedIdentityCredential: whose tokens Entra accepts for an identity. */
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
    const observeDeps: ObserveDeps = { ...services, ownWrites, inUse };
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

interface PerformDeps {
  readonly credentials: Pick<FederatedCredentials, 'put' | 'delete'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
async function perform(
  action: CredentialWrite,
  context: ReconcileContext,
  { credentials }: PerformDeps,
): Promise<Performed> {
  const { id, event } = action;
  const { identityId, name } = parseCredentialId(id);
  if (action.type === 'putCredential') {
    const { correlationId } = await credentials.put(identityId, name, action.trust, context);
    return written(event, { id, change: 'write' }, { correlationId });
  }
  return written(event, { id, change: 'delete' }, await credentials.delete(identityId, name, context));
}
