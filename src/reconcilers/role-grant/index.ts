import { roleGrant } from '../../api/role-grant.ts';
import { toAzureError } from '../../azure/arm/errors.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import { keyOf } from '../../kube/types.ts';
import type { CommonAction } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import { type Performed, type ReconcileContext, withNeeds, written } from '../kind.ts';
import { OwnWrites } from '../own-writes.ts';
import { isKeptAction, type KeptAction, keptFacts, performKept, withKept } from '../retained.ts';
import { AlreadyExists } from '../status/failure.ts';
import { decide } from './decide.ts';
import { type RecordEndDeps, recordEnd, withdrawEnd } from './ends/record.ts';
import type { Action, Facts, OwnStatus, RoleGrant } from './facts.ts';
import { holds } from './holds.ts';
import { kept, nextMoment } from './object.ts';
import { needsLive } from './observe/assignment.ts';
import { type ObserveDeps, observe } from './observe.ts';
import type { ReportedExisting } from './target/duplicate.ts';
import { RefusedWrites } from './target/names.ts';
import { ownedInAzure, store, watches } from './watches.ts';

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

type AssignmentWrite = Exclude<Action, CommonAction<OwnStatus> | KeptAction>;

interface PerformDeps extends RecordEndDeps {
  readonly assignments: Pick<RoleAssignments, 'put' | 'delete'>;
  /** What a 409 reported, by uid: the next observation begins there. */
  readonly reported: Map<string, ReportedExisting>;
}

/** Carries out one action, and decides nothing. */
async function perform(
  action: AssignmentWrite,
  object: RoleGrant,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  const { assignments, reported } = deps;
  switch (action.type) {
    case 'putAssignment': {
      const { target, condition, description, event } = action;
      const put = await assignments.put(
        target.scope,
        target.name,
        {
          roleDefinitionId: target.roleId,
          principalId: target.principalId,
          principalType: target.principalType,
          description,
          ...(condition !== undefined && { condition, conditionVersion: '2.0' }),
        },
        context,
      );
      if (put.result === 'written') {
        reported.delete(object.metadata.uid);
        return written(event, { id: target.id, change: 'write' }, { correlationId: put.correlationId });
      }
      const { existingId } = put;
      reported.set(object.metadata.uid, {
        targetId: target.id,
        ...(existingId !== undefined && { existingId }),
      });
      throw new AlreadyExists(
        `Azure answers RoleAssignmentExists: role '${target.roleName}' is granted to principal ${target.principalId} on ${target.scope} under another name${existingId === undefined ? '' : `, ${existingId}`}`,
      );
    }
    case 'deleteAssignment': {
      const { scope, name } = parseAssignmentId(action.id);
      const to = { id: action.id, change: 'delete' } as const;
      return written(action.event, to, await assignments.delete(scope, name, context));
    }
    case 'recordEnd':
      await recordEnd(action, object, context.signal, deps);
      return {};
    case 'withdrawEnd':
      await withdrawEnd(action, object, context.signal, deps);
      return {};
  }
}
