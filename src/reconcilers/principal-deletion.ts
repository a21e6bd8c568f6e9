import type { ManagedObject } from '../api/schema/common.ts';
import { parseAssignmentId } from '../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { Decision, ReconcileEvent } from './decision.ts';
import { type Performed, type ReconcileContext, written } from './kind.ts';
import { waiting } from './status/deleting.ts';

/**
 * What comes before the deletion of a principal, be it an identity or a resource's own: what refers to it is waited for, and the role
 * assignments that azid made for it and no object owns any more go first. Of a principal that is gone they would stay for ever
 * (docs/azure-facts.md section 6).
 */

const IN_USE_RECHECK_MS = 30_000;

export interface DeleteLeftover {
  readonly type: 'deleteLeftover';
  /** Of the role assignment. */
  readonly id: string;
  readonly event: ReconcileEvent;
}

/** @param whose for messages: `identity /subscriptions/…` */
export function deleteLeftovers(ids: readonly string[], whose: string): readonly DeleteLeftover[] {
  return ids.map((id) => ({
    type: 'deleteLeftover',
    id,
    event: {
      type: 'Normal',
      reason: 'Revoked',
      action: 'Delete',
      message: `deleted role assignment ${id}, which azid had made for ${whose} and no object owns any more`,
    },
  }));
}

export async function performDeleteLeftover(
  { id, event }: DeleteLeftover,
  context: ReconcileContext,
  { assignments }: { readonly assignments: Pick<RoleAssignments, 'delete'> },
): Promise<Performed> {
  const { scope, name } = parseAssignmentId(id);
  return written(event, { id, change: 'delete' }, await assignments.delete(scope, name, context));
}

/** @param references the objects that refer to it: `RoleGrant team-a/read` */
export function inUse<Action, Status>(
  object: ManagedObject,
  status: Status,
  whose: string,
  references: readonly string[],
): Decision<Action, Status> {
  const message = `${whose} is referred to by ${references.join(', ')}; delete these first`;
  return waiting(object, status, message, IN_USE_RECHECK_MS, { reason: 'InUse' });
}
