import type { CallContext } from '../../azure/arm/arm-calls.ts';
import type { AzureRoleAssignment } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { AssignmentCache } from './assignments.ts';

interface OfPrincipalDeps {
  readonly assignments: Pick<RoleAssignments, 'list'>;
  readonly assignmentCache: Pick<AssignmentCache, 'believes'>;
}

/**
 * What a list at a scope shows now of a principal, of those that are wanted: as far as it is believed, since such a list goes on showing
 * for a while what was deleted a moment ago. Throws as the list does.
 */
export async function* assignmentsOfPrincipal(
  scope: string,
  principalId: string,
  isWanted: (assignment: AzureRoleAssignment) => boolean,
  context: CallContext,
  { assignments, assignmentCache }: OfPrincipalDeps,
): AsyncGenerator<AzureRoleAssignment, void> {
  for await (const page of assignments.list(scope, { principalId }, context))
    for (const each of page.assignments.filter(isWanted))
      if (await assignmentCache.believes(each, page.requestedAt, context)) yield each;
}
