import { roleGrant } from '../../api/role-grant.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { keyOf } from '../../kube/types.ts';
import { sayingNeeds } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { AlreadyExists } from '../status/failure.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, RoleGrant } from './facts.ts';
import { holds } from './holds.ts';
import { needsLive } from './needs-live.ts';
import { RefusedWrites } from './observe/refused.ts';
import { type ObserveDeps, observe } from './observe.ts';
import type { Told } from './ownership/duplicates.ts';
import { type PerformDeps, perform } from './perform.ts';
import { nextMoment } from './standing.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/** RoleGrant: one role for one principal on one scope. */
export const roleGrantKind: KindDefinition<RoleGrant, Facts, Action, OwnStatus> = {
  name: 'rolegrant',
  resource: roleGrant.resource,
  status: roleGrant.status,
  store,
  holds,
  watches,
  ownedInAzure,
  removals: ['deleteAssignment'],
  decide: sayingNeeds(decide, needsLive),
  start(services, enqueue) {
    const endedHere = new Map<string, string>();
    const told = new Map<string, Told>();
    const refused = new RefusedWrites();
    const areas = services.assignmentCache;
    const observeDeps: ObserveDeps = { ...services, areas, endedHere, told, refused };
    const { clock, firstSeen, granted } = services;
    const performDeps: PerformDeps = { ...services, told, now: () => clock.now() };
    return {
      observe: (object, context, live) => observe(object, context, live, observeDeps),
      decided(object, facts, { status }) {
        // Rechecks are spread by chance, which the end of a grant must not be.
        granted.decided(object, facts, status);
        const moment = nextMoment(object, status, facts);
        if (moment !== undefined) enqueue(keyOf(object), 'event', moment - facts.now);
      },
      async perform(action, object, context) {
        const ended = () => {
          const begun = object.status?.writeStartedAt;
          if (action.type === 'putAssignment' && begun !== undefined)
            endedHere.set(object.metadata.uid, begun);
        };
        try {
          const performed = await perform(action, object, context, performDeps);
          ended();
          if (action.type === 'putAssignment') refused.written(object.metadata.uid);
          return performed;
        } catch (error) {
          const target = action.type === 'putAssignment' ? action.target : undefined;
          if (!(error instanceof AlreadyExists))
            refused.record(object.metadata.uid, toAzureError(error), target, clock.monotonic());
          // A refusal is an end as well; a call without an answer may still take effect.
          if (error instanceof AlreadyExists || !toAzureError(error).ambiguous) ended();
          throw error;
        }
      },
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        for (const map of [endedHere, firstSeen, told]) map.delete(uid);
        refused.forget(uid);
        granted.forget(uid);
        services.references.forget(uid);
      },
    };
  },
};
