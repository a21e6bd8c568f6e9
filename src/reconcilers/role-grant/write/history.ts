import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { OwnStatus, RoleGrant, Target } from '../facts.ts';

type Replacement = NonNullable<OwnStatus['history']>[number];

const KEPT = 10;

/** The history with what `target` takes the place of, the newest first; unchanged if it takes nobody's. */
export function withReplacement(
  object: RoleGrant,
  own: OwnStatus,
  target: Target,
  now: number,
): Replacement[] | undefined {
  const { assignmentId, principalId } = own;
  if (assignmentId === undefined || principalId === undefined || sameAssignmentId(assignmentId, target.id))
    return own.history;
  return entered(own, { reason: reasonOf(object, own, target), assignmentId, principalId }, now);
}

/** The history with an assignment that somebody deleted. */
export function withVanished(own: OwnStatus, now: number): Replacement[] | undefined {
  const { assignmentId, principalId = '' } = own;
  return assignmentId === undefined
    ? own.history
    : entered(own, { reason: 'AssignmentVanished', assignmentId, principalId }, now);
}

function entered(own: OwnStatus, entry: Omit<Replacement, 'time'>, now: number): Replacement[] {
  return [{ time: timestamp(now), ...entry }, ...(own.history ?? [])].slice(0, KEPT);
}

function reasonOf(object: RoleGrant, own: OwnStatus, target: Target): string {
  if (object.metadata.generation !== object.status?.observedGeneration) return 'SpecChanged';
  if (own.principalId?.toLowerCase() !== target.principalId.toLowerCase()) return 'PrincipalRecycled';
  return own.roleDefinitionId?.toLowerCase().endsWith(target.roleGuid) ? 'SpecChanged' : 'RoleRedefined';
}
