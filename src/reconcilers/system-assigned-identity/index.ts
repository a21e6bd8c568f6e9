import { systemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { KindDefinition } from '../definition.ts';
import { onSignIn, signInOf, withSignIn } from '../sign-ins/kind.ts';
import { areasOf } from '../watches/areas.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, SystemAssignedIdentity } from './facts.ts';
import { type ObserveDeps, observe } from './observe.ts';
import { perform } from './perform.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/** SystemAssignedIdentity: a resource's own identity; its host does the writing. */
export const systemAssignedIdentityKind: KindDefinition<SystemAssignedIdentity, Facts, Action, OwnStatus> = {
  name: 'systemassignedidentity',
  resource: systemAssignedIdentity.resource,
  status: systemAssignedIdentity.status,
  store,
  watches: (services) => [...watches(services), ...onSignIn('SystemAssignedIdentity', services)],
  ownedInAzure,
  removals: ['deleteLeftover'],
  decide: withSignIn(decide),
  start(services) {
    const principals = new Map<string, string>();
    const reReads = new Map<string, string>();
    const areas = areasOf(services.hostCache, 'systemassignedidentity');
    const observeDeps: ObserveDeps = { ...services, areas, principals, reReads };
    return {
      observe: async (object, context) => ({
        ...(await observe(object, context, observeDeps)),
        ...signInOf(object, services),
      }),
      decided({ metadata: { uid } }, _facts, { status: { principalId } }) {
        // Remembered while the resource is gone, when the status names nobody.
        if (principalId !== undefined) principals.set(uid, principalId);
      },
      perform: (action, _object, context) => perform(action, context, services),
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        principals.delete(uid);
        reReads.delete(uid);
      },
    };
  },
};
