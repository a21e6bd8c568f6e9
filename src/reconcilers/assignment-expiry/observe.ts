import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import type { AssignmentCache } from '../../cache/assignments.ts';
import type { ReconcileContext } from '../kind.ts';
import type { CoOwnerDeps } from '../role-grant/ownership/co-owners.ts';
import { failureOf } from '../status/failure.ts';
import { claimsOn, livingOwners } from './claims.ts';
import { type AssignmentExpiry, type AssignmentNow, type Facts, HANDOVER_MS, lastEnd } from './facts.ts';

export interface ObserveDeps extends Omit<CoOwnerDeps, 'firstSeen'> {
  readonly assignments: Pick<RoleAssignments, 'get'>;
  readonly assignmentCache: Pick<AssignmentCache, 'observe'>;
  readonly azureLagMs: number;
  /** Time limit of a call to Azure: a write that a dead process began has ended by then. */
  readonly callLimitMs: number;
  /** For how long after an end what cannot be read may keep what has ended. */
  readonly releaseAfterMs?: number;
}

const RELEASE_AFTER_MS = 3_600_000;

/** Azure is read only when an end has passed, and then not the cache, as something is deleted by its answer. */
export async function observe(
  object: AssignmentExpiry,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<Facts> {
  const { clock, installationId, azureLagMs, callLimitMs, releaseAfterMs = RELEASE_AFTER_MS } = deps;
  const now = clock.now();
  const { assignmentId } = object.spec;
  const common: Facts = {
    now,
    installationId,
    ...livingOwners(object, deps),
    claims: [],
    openMs: callLimitMs + azureLagMs,
    releaseAfterMs,
  };
  const end = lastEnd(object);
  if (end === undefined || now < end || (common.living.length > 0 && now < end + HANDOVER_MS)) return common;
  let at: ReturnType<typeof parseAssignmentId>;
  try {
    at = parseAssignmentId(assignmentId);
  } catch (error) {
    if (error instanceof TypeError) return { ...common, problem: `spec.assignmentId: ${error.message}` };
    throw error;
  }
  const azure = await assignmentNow(assignmentId, at, context, deps);
  if (azure.state !== 'present') return { ...common, azure };
  return { ...common, azure, ...(await claimsOn(azure.assignment, context, deps)) };
}

async function assignmentNow(
  id: string,
  { scope, name }: ReturnType<typeof parseAssignmentId>,
  context: ReconcileContext,
  { assignments, assignmentCache, azureLagMs }: ObserveDeps,
): Promise<AssignmentNow> {
  try {
    const got = await assignments.get(scope, name, context);
    if (got.found) return { state: 'present', assignment: got.assignment, live: true };
    // Right after an own write Azure's answer may be older: then what was written counts.
    const seen = assignmentCache.observe(id);
    if (seen.state === 'present') return { state: 'present', assignment: seen.resource, live: true };
    const missing = got.missing === 'roleAssignment' ? 'assignment' : 'scope';
    const conclusive = seen.state === 'absent';
    return { state: 'absent', missing, conclusive, conclusiveInMs: conclusive ? 0 : azureLagMs };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}
