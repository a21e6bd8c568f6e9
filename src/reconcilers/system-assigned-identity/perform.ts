import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { CommonAction } from '../decision.ts';
import type { Turns } from '../hosts/claims/turns.ts';
import { type EnsureHostDeps, ensureHosts } from '../hosts/ensure-hosts.ts';
import type { Performed, ReconcileContext } from '../kind.ts';
import type { Action, OwnStatus, SystemAssignedIdentity } from './facts.ts';

export interface PerformDeps extends EnsureHostDeps {
  readonly turns: Pick<Turns, 'set'>;
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly released: Set<string>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, CommonAction<OwnStatus>>,
  { metadata: { uid } }: SystemAssignedIdentity,
  context: ReconcileContext,
  deps: PerformDeps,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHost':
      await ensureHosts([action.hostId], deps, context.signal);
      return {};
    case 'release':
      deps.released.add(uid);
      deps.turns.set(uid, { attach: new Set(), detach: new Set([armKey(action.hostId)]) });
      return {};
    case 'deleteLeftover': {
      const { scope, name } = parseAssignmentId(action.id);
      const { correlationId } = await deps.assignments.delete(scope, name, context);
      return { write: { event: action.event, ...(correlationId !== undefined && { correlationId }) } };
    }
  }
}
