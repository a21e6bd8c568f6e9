import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { type Failure, RECHECK_READY_MS } from '../../decision.ts';
import { removalAgainMs, removalBlocked, removalFree } from '../../status/blocked.ts';
import { withdrawEnds } from '../ends/ends.ts';
import type { Facts, Failed, GrantDecision, OwnStatus, RoleGrant, SeenAssignment, Target } from '../facts.ts';
import { finalizer, ownStatus, withoutEntries } from '../own.ts';
import { remove, told } from '../removal/removal.ts';
import { describe, propagated, provenGone } from '../standing.ts';
import { withReplacement } from './history.ts';

/**
 * What is asked for stands. New before old: only now goes what the ledger holds besides.
 *
 * @param status as it reads with the assignment that stands
 * @param attempt what failed just before
 */
export function settle(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  status: OwnStatus,
  events: { readonly reason: string; readonly message: string },
  attempt?: Failed,
): GrantDecision {
  const conditions = propagated(status, facts.now, object);
  // A PUT that failed, and whose assignment the read after it shows as declared, is no failure any more.
  const failed = attempt?.action.type === 'deleteAssignment' ? attempt : undefined;
  const refused = failed?.action.type === 'deleteAssignment' ? failed.action.id : undefined;
  const missing = finalizer(object);
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
  // One that is refused must not keep those behind it.
  const at = facts.held.findIndex(({ id }) => refused !== undefined && sameAssignmentId(refused, id));
  const removal = remove(object, facts, facts.held.slice(at + 1), `replaced by ${status.assignmentId}`);
  /** What is asked for stands, whatever cannot go. */
  const left = (failure: Failure): GrantDecision => {
    const ids = facts.held.filter(({ view }) => view.state !== 'absent').map(({ id }) => id);
    const nextMs = removalAgainMs(failure);
    return {
      actions: [],
      status,
      summary: { state: 'ready', ...events, nextMs },
      conditions: [...conditions, removalBlocked(ids, failure)],
    };
  };
  if (failed && removal.state !== 'act') return left(failed.failure);
  switch (removal.state) {
    case 'act':
      return { actions: [removal.action], status, summary: working, conditions };
    case 'done': {
      const kept = { ...status, ledger: withoutEntries(status.ledger, removal.dropped) };
      return {
        actions: [...told(kept, removal.events), ...withdrawEnds(facts, removal.ended)],
        status: kept,
        summary: { state: 'ready', ...events, nextMs: RECHECK_READY_MS },
        conditions: [...conditions, ...removalFree(object)],
      };
    }
    case 'wait':
      // What is asked for stands; the look at what it replaced is no reason to call it not ready.
      return {
        actions: [],
        status,
        summary: { state: 'ready', ...events, nextMs: removal.againMs },
        conditions,
      };
    case 'blocked':
      return left(removal.failure);
  }
}

/** The status with the assignment that stands, azid's or another's. */
export function statusWith(
  object: RoleGrant,
  facts: Facts,
  target: Target,
  found: SeenAssignment,
): OwnStatus {
  const own = ownStatus(object);
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

/** The same role with other actions than at the last look. */
function roleWasEdited(object: RoleGrant, { role }: Facts): boolean {
  const { roleContent, roleDefinitionId } = object.status ?? {};
  if (role?.state !== 'found' || roleContent === undefined) return false;
  const { guid, content } = role.role;
  return content !== roleContent && (roleDefinitionId?.toLowerCase().endsWith(guid) ?? false);
}
