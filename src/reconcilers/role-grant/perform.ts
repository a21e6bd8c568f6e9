import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { FrameAction, Note } from '../decision.ts';
import type { Performed, VisitContext } from '../kind.ts';
import { AlreadyExists } from '../status/failure.ts';
import { type RecordHands, recordEnd, withdrawEnd } from './ends/record-end.ts';
import type { Action, OwnStatus, RoleGrant } from './facts.ts';
import type { Told } from './ownership/twins.ts';

export type AssignmentWrite = Exclude<Action, FrameAction<OwnStatus>>;

export interface Hands extends RecordHands {
  readonly assignments: Pick<RoleAssignments, 'put' | 'delete'>;
  /** What a 409 told, by uid: the next look at Azure begins there. */
  readonly told: Map<string, Told>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: AssignmentWrite,
  object: RoleGrant,
  context: VisitContext,
  hands: Hands,
): Promise<Performed> {
  const { assignments, told } = hands;
  switch (action.type) {
    case 'putAssignment': {
      const { target, condition, description, note } = action;
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
        told.delete(object.metadata.uid);
        return written(note, put);
      }
      const { existingId } = put;
      told.set(object.metadata.uid, { targetId: target.id, ...(existingId !== undefined && { existingId }) });
      throw new AlreadyExists(
        `Azure answers RoleAssignmentExists: role '${target.roleName}' is granted to principal ${target.principalId} on ${target.scope} under another name${existingId === undefined ? '' : `, ${existingId}`}`,
      );
    }
    case 'deleteAssignment': {
      const { scope, name } = parseAssignmentId(action.id);
      return written(action.note, await assignments.delete(scope, name, context));
    }
    case 'recordEnd':
      await recordEnd(action, object, context.signal, hands);
      return {};
    case 'withdrawEnd':
      await withdrawEnd(action, object, context.signal, hands);
      return {};
  }
}

function written(note: Note, { correlationId }: { readonly correlationId?: string }): Performed {
  return { write: { note, ...(correlationId !== undefined && { correlationId }) } };
}
