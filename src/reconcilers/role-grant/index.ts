import { roleGrant } from '../../api/role-grant.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { keyOf } from '../../kube/types.ts';
import type { KindDefinition } from '../definition.ts';
import { withNeeds } from '../kind.ts';
import { OwnWrites } from '../own-writes.ts';
import { isKeptAction, keptFacts, performKept, withKept } from '../retained.ts';
import { AlreadyExists } from '../status/failure.ts';
import { ownedInAzure } from './activity.ts';
import { decide } from './decide.ts';
import type { Action, Facts, OwnStatus, RoleGrant } from './facts.ts';
import { holds } from './holds.ts';
import { needsLive } from './needs-live.ts';
import { kept } from './object.ts';
import { RefusedWrites } from './observe/refused.ts';
import { type ObserveDeps, observe } from './observe.ts';
import type { ReportedExisting } from './ownership/duplicates.ts';
import { type PerformDeps, perform } from './perform.ts';
import { nextMoment } from './propagation.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

const decideLive = withNeeds(decide, needsLive);

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
  sharded: 'byNamespace',
  decide: withKept(decideLive, kept),
  start(services, enqueue) {
    const ownWrites = new OwnWrites(services.clock);
    const reported = new Map<string, ReportedExisting>();
    const refused = new RefusedWrites();
    const areas = services.assignmentCache;
    const observeDeps: ObserveDeps = { ...services, areas, ownWrites, reported, refused };
    const { clock, firstSeen, granted } = services;
    const performDeps: PerformDeps = { ...services, reported, now: () => clock.now() };
    return {
      observe: async (object, context, live) => ({
        ...(await observe(object, context, live, observeDeps)),
        ...keptFacts('assignments', object, services),
      }),
      decided(object, facts, { status }) {
        // Rechecks are spread by chance, which the end of a grant must not be.
        granted.decided(object, facts, status);
        const moment = nextMoment(object, status, facts);
        if (moment !== undefined) enqueue(keyOf(object), 'event', moment - facts.now);
      },
      async takePlace({ actions }, context) {
        const put = actions.find((each) => each.type === 'putAssignment');
        if (put) await services.assignments.takePlace(put.target.scope, context);
      },
      async perform(action, object, context) {
        if (isKeptAction(action)) return performKept(action, object, context.signal, services);
        const { uid } = object.metadata;
        const put = action.type === 'putAssignment' ? action : undefined;
        try {
          const call = () => perform(action, object, context, performDeps);
          const performed = await ownWrites.run(uid, put && { begun: object.status?.writeStartedAt }, call);
          if (put) refused.written(uid);
          return performed;
        } catch (error) {
          if (!(error instanceof AlreadyExists)) refused.record(uid, toAzureError(error), put?.target);
          throw error;
        }
      },
      forget(key, uid) {
        areas.use(key, []);
        if (uid === undefined) return;
        for (const map of [firstSeen, reported]) map.delete(uid);
        ownWrites.forget(uid);
        refused.forget(uid);
        granted.forget(uid);
        services.references.forget(uid);
      },
    };
  },
};
