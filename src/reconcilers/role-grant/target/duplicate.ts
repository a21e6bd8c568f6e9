import { isReconcileRequested } from '../../../api/schema/common.ts';
import {
  type AzureRoleAssignment,
  parseAssignmentId,
  sameAssignmentId,
} from '../../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../../azure/role-assignments.ts';
import { type AssignmentCache, assignmentsOfPrincipal } from '../../../cache/assignments.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment, Target } from '../observed.ts';
import { isAsked, sameGrant } from './target.ts';

/** The same scope, role and principal under a name that is not azid's: Azure allows each grant only once. */

export interface DuplicateDeps {
  readonly assignments: Pick<RoleAssignments, 'get' | 'list'>;
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex' | 'believes'>;
  /** What a 409 reported, by uid of the grant: an id, or only that there is one. */
  readonly reported: ReadonlyMap<string, ReportedExisting>;
}

export interface ReportedExisting {
  /** Of the assignment asked for. */
  readonly targetId: string;
  readonly existingId?: string;
}

export async function duplicateOf(
  object: RoleGrant,
  target: Target,
  context: ReconcileContext,
  deps: DuplicateDeps,
): Promise<SeenAssignment | undefined> {
  const triple = { ...target, role: target.roleGuid };
  for (const held of deps.assignmentCache
    .byIndex('triple', triple)
    .filter((each) => isDuplicate(each, target))) {
    // A user asked for a reconcile: the duplicate is read as azid's own assignment is.
    const found = isReconcileRequested(object) ? await read(held.id, context, deps) : held;
    if (found && isDuplicate(found, target)) return found;
  }
  const reported = deps.reported.get(object.metadata.uid);
  const recorded = recordedDuplicate(object, target);
  const answered = reported && isAsked(target, reported.targetId) ? reported : undefined;
  const id = answered?.existingId ?? recorded;
  if (id !== undefined) {
    const found = await read(id, context, deps);
    if (found && isDuplicate(found, target)) return found;
  }
  if (!answered || answered.existingId !== undefined) return undefined;
  return listed(target, context, deps);
}

/** What an earlier reconcile was satisfied with: it is not in the ledger. */
function recordedDuplicate({ status }: RoleGrant, target: Target): string | undefined {
  const { assignmentId, ledger = [] } = status ?? {};
  if (assignmentId === undefined || isAsked(target, assignmentId)) return undefined;
  return ledger.some((id) => sameAssignmentId(id, assignmentId)) ? undefined : assignmentId;
}

async function read(
  id: string,
  context: ReconcileContext,
  deps: DuplicateDeps,
): Promise<AzureRoleAssignment | undefined> {
  const { scope, name } = parseAssignmentId(id);
  try {
    const got = await deps.assignments.get(scope, name, context);
    return got.found ? got.assignment : undefined;
  } catch (error) {
    // Not seen is not satisfied: the PUT then gets the 409 again, and its back-off.
    if (!failureOf(error)) throw error;
    return undefined;
  }
}

/**
 * Older answers do not name what is in the way (docs/azure-facts.md section 5): all of the principal's at the scope
 * are listed.
 */
async function listed(
  target: Target,
  context: ReconcileContext,
  deps: DuplicateDeps,
): Promise<SeenAssignment | undefined> {
  const { scope, principalId } = target;
  const isWanted = (one: AzureRoleAssignment) => isDuplicate(one, target);
  try {
    for await (const each of assignmentsOfPrincipal(scope, principalId, isWanted, context, deps)) return each;
  } catch (error) {
    if (!failureOf(error)) throw error;
  }
  return undefined;
}

/** Under a name that none of azid's can be. */
function isDuplicate(found: AzureRoleAssignment, target: Target): boolean {
  return sameGrant(found, target) && !isAsked(target, found.id);
}
