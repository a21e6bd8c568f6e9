import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { CommonAction } from '../decision.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { KeptAction } from '../retained.ts';
import { AlreadyExists } from '../status/failure.ts';
import { type RecordEndDeps, recordEnd, withdrawEnd } from './ends/record-end.ts';
import type { Action, OwnStatus, RoleGrant } from './facts.ts';
import type { ReportedExisting } from './ownership/duplicates.ts';

type AssignmentWrite = Exclude<Action, CommonAction<OwnStatus> | KeptAction>;

export interface PerformDeps extends RecordEndDeps {
  readonly assignments: Pick<RoleAssignments, 'put' | 'delete'>;
  /** What a 409 reported, by uid: the next observation begins there. */
  readonly reported: Map<string, ReportedExisting>;
}

/** Carries out one action, and decides nothing. */
export async function perform(
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
