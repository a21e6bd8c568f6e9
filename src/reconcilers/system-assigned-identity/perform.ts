import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { FrameAction } from '../decision.ts';
import type { Turns } from '../hosts/claims/turns.ts';
import { ensureHosts, type HostHands } from '../hosts/ensure-hosts.ts';
import type { Performed, VisitContext } from '../kind.ts';
import type { Action, OwnStatus, SystemAssignedIdentity } from './facts.ts';

export interface Hands extends HostHands {
  readonly turns: Pick<Turns, 'set'>;
  readonly assignments: Pick<RoleAssignments, 'delete'>;
  readonly released: Set<string>;
}

/** Carries out one action. Thin on purpose: everything that could be decided was decided before. */
export async function perform(
  action: Exclude<Action, FrameAction<OwnStatus>>,
  { metadata: { uid } }: SystemAssignedIdentity,
  context: VisitContext,
  hands: Hands,
): Promise<Performed> {
  switch (action.type) {
    case 'ensureHost':
      await ensureHosts([action.hostId], hands, context.signal);
      return {};
    case 'release':
      hands.released.add(uid);
      hands.turns.set(uid, { attach: new Set(), detach: new Set([armKey(action.hostId)]) });
      return {};
    case 'deleteLeftover': {
      const { scope, name } = parseAssignmentId(action.id);
      const { correlationId } = await hands.assignments.delete(scope, name, context);
      return { write: { note: action.note, ...(correlationId !== undefined && { correlationId }) } };
    }
  }
}
