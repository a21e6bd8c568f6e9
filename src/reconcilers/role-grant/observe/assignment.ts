import { isReconcileRequested } from '../../../api/schema/common.ts';
import { parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../../azure/role-assignments.ts';
import type { AssignmentCache } from '../../../cache/assignments.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { LiveReads, ReconcileContext } from '../../kind.ts';
import type { LateWrites, OwnWrites } from '../../own-writes.ts';
import { failureOf } from '../../status/failure.ts';
import type { Facts, GrantDecision, RoleGrant } from '../facts.ts';
import { isExpired } from '../object.ts';
import type { ObservedAssignment } from '../observed.ts';

/** One assignment, as the cache holds it or as Azure says now; and what of a decision needs the latter. */

export interface ObservedDeps {
  readonly assignments: Pick<RoleAssignments, 'get' | 'list'>;
  readonly assignmentCache: Pick<AssignmentCache, 'observe' | 'loading'>;
  readonly clock: Clock;
  readonly ownWrites: Pick<OwnWrites, 'hasEnded' | 'failedAt'>;
  readonly azureLagMs: number;
  readonly lateWrites: Pick<LateWrites, 'openMs' | 'lagMs'>;
}

export async function observedOf(
  object: RoleGrant,
  id: string,
  mayWait: boolean,
  context: ReconcileContext,
  live: LiveReads,
  deps: ObservedDeps,
): Promise<ObservedAssignment> {
  const key = armKey(id);
  const read = () => live.once(key, () => liveAssignment(object, id, context, deps));
  if (live.wasRead(key)) return read();
  const isAsked = live.wants(key) || isReconcileRequested(object);
  const cached = cachedAssignment(object, id, context, deps);
  if (!cached) return mayWait && !isAsked ? SUSPECTED : read();
  // The cache knows that it is gone, but not whether its scope is.
  const saysWhy = cached.state !== 'absent' || !live.wants(key);
  return saysWhy && (isLive(cached) || !isAsked) ? cached : read();
}

/** From the cache; undefined where only Azure can answer. */
export function cachedAssignment(
  object: RoleGrant,
  id: string,
  { priority, startedAt }: ReconcileContext,
  deps: ObservedDeps,
): ObservedAssignment | undefined {
  const seen = deps.assignmentCache.observe(id);
  // What this reconcile read or wrote itself is as live as a read made now, but for what was refused since.
  const since = Math.max(startedAt, deps.ownWrites.failedAt(object.metadata.uid));
  const reconcileMs = deps.clock.monotonic() - since;
  switch (seen.state) {
    case 'present':
      return {
        state: 'present',
        assignment: seen.resource,
        live: seen.how !== 'list' && seen.ageMs <= reconcileMs,
      };
    case 'absent':
      return seen.ageMs <= reconcileMs ? absence(object, id, 'assignment', deps) : undefined;
    case 'suspectAbsent':
      return undefined;
    case 'unknown':
      // At start-up the list brings thousands at once; only what a user or another object waits for is read alone.
      return priority === 'resync' && deps.assignmentCache.loading(parseAssignmentId(id).scope)
        ? { state: 'loading' }
        : undefined;
  }
}

/** Not in the cache: it may be there all the same. Good for a first decision, on which nothing is done but to ask Azure. */
const SUSPECTED: ObservedAssignment = {
  state: 'absent',
  missing: 'assignment',
  conclusive: true,
  conclusiveInMs: 0,
  suspected: true,
};

export async function liveAssignment(
  object: RoleGrant,
  id: string,
  context: ReconcileContext,
  deps: ObservedDeps,
): Promise<ObservedAssignment> {
  const { scope, name } = parseAssignmentId(id);
  try {
    const got = await deps.assignments.get(scope, name, context);
    if (got.found) return { state: 'present', assignment: got.assignment, live: true };
    return absence(object, id, got.missing === 'roleAssignment' ? 'assignment' : 'scope', deps);
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { state: 'unreadable', failure };
  }
}

/** A 404 is proof only if Azure's lag cannot explain it: the cache knows our writes, the status those of dead processes. */
function absence(
  object: RoleGrant,
  id: string,
  missing: 'assignment' | 'scope',
  { assignmentCache, ownWrites, azureLagMs, lateWrites }: ObservedDeps,
): ObservedAssignment {
  const seen = assignmentCache.observe(id);
  // Written by us a moment ago: Azure's answer is older than our write.
  if (seen.state === 'present') return { state: 'present', assignment: seen.resource, live: true };
  if (seen.state !== 'absent')
    return { state: 'absent', missing, conclusive: false, conclusiveInMs: azureLagMs };
  const { uid } = object.metadata;
  const { assignmentId, lastWriteTime, writeStartedAt } = object.status ?? {};
  const confirmed = sameAssignmentId(assignmentId, id);
  // Our own DELETE was answered with what it deleted; a read may still be older than the last write of a dead process.
  const written = confirmed && seen.provenBy === 'get' ? lastWriteTime : undefined;
  // A dead process may have begun a write whose end is not known; this process knows how its own ended.
  const open = !confirmed && writeStartedAt !== undefined && !ownWrites.hasEnded(uid, writeStartedAt);
  const lagMs = written === undefined ? 0 : lateWrites.lagMs(uid, written);
  const openMs = open ? lateWrites.openMs(uid, writeStartedAt) : lagMs;
  return { state: 'absent', missing, conclusive: openMs === 0, conclusiveInMs: openMs };
}

/** Who gets the role, among what is to be read live. */
export const PRINCIPAL = 'principal';

/**
 * What of a decision rests on a cache alone: the assignments that it writes or deletes, or that the ledger forgets
 * for good, by their keys; and whose they are to be. Nothing is granted to a principal, nor taken from another one
 * for its sake, without a live read.
 */
export function needsLive(object: RoleGrant, facts: Facts, { actions }: GrantDecision): readonly string[] {
  const written = actions.flatMap((action) =>
    action.type === 'putAssignment' ? action.target.id : action.type === 'deleteAssignment' ? action.id : [],
  );
  const forgotten = facts.held.flatMap(({ id, unproven }) => (unproven ? id : []));
  const doubtful = [...forgotten, ...written].map(armKey).filter((key) => !isLive(observationIn(key, facts)));
  // What the cache lacks is read in any case: a list may have left it out (docs/architecture.md section 2).
  if (facts.target && isSuspected(facts.azure)) doubtful.push(armKey(facts.target.id));
  return written.length > 0 && isPrincipalInDoubt(object, facts) ? [...doubtful, PRINCIPAL] : doubtful;
}

/** Read in this reconcile, or not to be had; an observation that says nothing leads to no write. */
function isLive(observed: ObservedAssignment | undefined): boolean {
  return observed?.state === 'present' ? observed.live : !isSuspected(observed);
}

/** The cache does not have it, and Azure was not asked. */
export function isSuspected(observed: ObservedAssignment | undefined): boolean {
  return observed?.state === 'absent' && observed.suspected === true;
}

function observationIn(key: string, { target, azure, held }: Facts): ObservedAssignment | undefined {
  // One that is denied is read only where it is held.
  if (target && azure && armKey(target.id) === key) return azure;
  return held.find(({ id }) => armKey(id) === key)?.observed;
}

function isPrincipalInDoubt(object: RoleGrant, { principal, now }: Facts): boolean {
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, now);
  return principal.state === 'known' && !principal.live && !ending;
}
