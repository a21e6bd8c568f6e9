import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { CommonAction } from '../decision.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import { type Performed, type ReconcileContext, written } from '../kind.ts';
import type { Action, OwnStatus } from './facts.ts';

interface PerformDeps extends EnsureHostDeps {
  readonly assignments: Pick<RoleAssignments, 'delete'>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHost':
      await ensureHosts([action.hostId], deps, context.signal);
      return {};
    case 'deleteLeftover': {
      const { scope, name } = parseAssignmentId(action.id);
      const to = { id: action.id, change: 'delete' } as const;
      return written(action.event, to, await deps.assignments.delete(scope, name, context));
    }
  }
}
