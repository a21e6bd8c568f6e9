import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import { RECHECK_READY_MS } from '../../decision.ts';
import { removalAgainMs, removalBlocked, removalFree } from '../../status/refusals.ts';
import { finalizerOf, ownStatusOf } from '../../status/summary.ts';
import { withdrawEnds } from '../ends/ends.ts';
import type { Facts, Failed, GrantDecision, OwnStatus, RoleGrant } from '../facts.ts';
import { describe, propagated, provenGone, withoutEntries } from '../object.ts';
import type { SeenAssignment, Target } from '../observed.ts';
import { remove, reportActions } from '../removal/removal.ts';

/**
 * What is asked for stands. New before old: only now goes what the ledger holds besides.
 *
 * @param status as it reads with the assignment that stands
 * @param failed what failed before; a PUT that did, and whose assignment the read after it shows as declared, is no failure any more
 */
export function settle(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  status: OwnStatus,
  events: { readonly reason: string; readonly message: string },
  failed?: Failed,
): GrantDecision {
  const conditions = propagated(status, facts.now, object);
  const missing = finalizerOf(object);
  const working = { state: 'progressing', reason: 'Settling', message: events.message, againMs: 0 } as const;
  if (missing.length > 0 && (status.ledger?.length ?? 0) > 0)
    return { actions: missing, status, summary: working };
  if (roleWasEdited(object, facts)) {
    return {
      actions: [
        { type: 'saveStatus', status, why: 'the role allows something else now' },
        {
          type: 'recordEvent',
          event: {
            type: 'Warning',
            reason: 'RoleEdited',
            action: 'Observe',
            message: `role '${target.roleName}' (${target.roleGuid}) was edited: what ${describe(target)} allows has changed`,
          },
        },
      ],
      status,
      summary: working,
    };
  }
  const {
    deletions,
    dropped,
    ended,
    events: tales,
    stays,
  } = remove(object, facts, facts.held, `replaced by ${status.assignmentId}`, failed);
  if (deletions.length > 0) return { actions: deletions, status, summary: working, conditions };
  const kept = { ...status, ledger: withoutEntries(status.ledger, dropped) };
  const settled = {
    actions: [...reportActions(kept, tales), ...withdrawEnds(facts, ended)],
    status: kept,
  };
  // What is asked for stands, also where something that is not cannot be removed.
  switch (stays?.state) {
    case undefined:
      return {
        ...settled,
        summary: { state: 'ready', ...events, nextMs: RECHECK_READY_MS },
        conditions: [...conditions, ...removalFree(object)],
      };
    case 'wait':
      // That what it replaced is still to be checked is no reason to call it not ready.
      return { ...settled, summary: { state: 'ready', ...events, nextMs: stays.againMs }, conditions };
    case 'blocked': {
      const [failure] = stays.failures;
      const ids = facts.held
        .filter(({ id, observed }) => observed.state !== 'absent' && !isAmong(id, dropped))
        .map(({ id }) => id);
      const againMs = Math.min(...stays.failures.map(removalAgainMs));
      return {
        ...settled,
        summary: { state: 'ready', ...events, nextMs: againMs },
        conditions: [...conditions, removalBlocked(ids, failure)],
      };
    }
  }
}

function isAmong(id: string, ids: readonly string[]): boolean {
  return ids.some((each) => sameAssignmentId(each, id));
}

/** The status with the assignment that stands, azid's or another's. */
export function statusWith(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  found: SeenAssignment,
): OwnStatus {
  const own = ownStatusOf(object);
  const { principal, role, wroteAt, now } = facts;
  const same = sameAssignmentId(own.assignmentId, found.id) && own.grantedAt !== undefined;
  const grantedAt = same ? own.grantedAt : new Date(wroteAt ?? found.createdOn ?? now).toISOString();
  const identityId = principal.state === 'known' ? principal.identityId : undefined;
  return {
    ...own,
    assignmentId: found.id,
    principalId: target.principalId,
    identityId,
    roleDefinitionId: target.roleId,
    ...(role?.state === 'found' && { roleContent: role.role.content }),
    grantedAt,
    ...(wroteAt !== undefined && { lastWriteTime: new Date(wroteAt).toISOString() }),
    writeStartedAt: undefined,
    ledger: withoutEntries(own.ledger, provenGone(facts)),
    history: withReplacement(object, own, { ...target, id: found.id }, now),
  };
}

/** The same role with other actions than when last read. */
function roleWasEdited(object: RoleGrant, { role }: Facts): boolean {
  const { roleContent, roleDefinitionId } = object.status ?? {};
  if (role?.state !== 'found' || roleContent === undefined) return false;
  const { guid, content } = role.role;
  return content !== roleContent && (roleDefinitionId?.toLowerCase().endsWith(guid) ?? false);
}

type Replacement = NonNullable<OwnStatus['history']>[number];

const KEPT = 10;

/** The history with what `target` takes the place of, the newest first; unchanged if it replaces none. */
function withReplacement(
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

/** The history with an assignment that was deleted outside of azid. */
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
