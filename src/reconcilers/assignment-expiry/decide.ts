import { hasFinalizer, RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { proveOwnership } from '../../azure/names/assignment-name.ts';
import { timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_OUTSIDE_MS, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { sameCondition } from '../role-grant/ownership/owners.ts';
import { isReleased, leftBehind, RELEASED } from '../status/deleting.ts';
import { stalledInside, summaryOf } from '../status/summary.ts';
import {
  type Action,
  type AssignmentExpiry,
  type Claim,
  type ExpiryDecision,
  type Facts,
  type Failed,
  HANDOVER_MS,
  lastEnd,
} from './facts.ts';

/**
 * From what is known to what to do, for one assignment that ends. Pure. At the latest end of its owners it is revoked, even if they are
 * gone, unless one that lives may have it for longer now; what is revoked must prove by its name that azid made it.
 */
export function decide(object: AssignmentExpiry, facts: Facts, failed?: Failed): ExpiryDecision {
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp && isReleased(object)) return released(object);
  if (facts.problem !== undefined)
    return deletionTimestamp
      ? finish(object)
      : rest(object, stalledInside('InvalidAssignment', facts.problem));
  const { owners } = object.spec;
  if (!owners.some(({ expiresAt }) => expiresAt !== undefined)) return finish(object);
  if (!deletionTimestamp && !hasFinalizer(object))
    return { ...rest(object, waiting(object, facts)), actions: [{ type: 'addFinalizer' }] };
  const end = lastEnd(object);
  if (end === undefined || facts.now < end) return rest(object, waiting(object, facts));
  return decideEnd(object, facts, end, failed);
}

function decideEnd(
  object: AssignmentExpiry,
  facts: Facts,
  end: number,
  failed: Failed | undefined,
): ExpiryDecision {
  const { now, azure, living, showing, openMs } = facts;
  const { assignmentId } = object.spec;
  if (failed) return rest(object, summaryOf(failed.failure));
  const handedOver = end + HANDOVER_MS - now;
  if (living.length > 0 && handedOver > 0)
    return rest(object, progressing('Revoking', `${living.join(', ')} revokes it`, handedOver));
  switch (azure?.state) {
    case undefined:
      return rest(object, progressing('Revoking', 'reading the role assignment', 1_000));
    case 'unreadable':
      return rest(object, summaryOf(azure.failure));
    case 'absent': {
      // A write that a dead process began before the end may still come; and its owners must have observed that it is gone.
      const openFor = Math.max(end + openMs - now, azure.conclusive ? 0 : azure.conclusiveInMs);
      if (openFor > 0)
        return rest(object, progressing('ConfirmingAbsence', 'Azure does not show it any more', openFor));
      if (showing.length === 0) return finish(object);
      const message = `gone from Azure; ${showing.join(', ')} is still to see it`;
      return rest(object, progressing('ConfirmingAbsence', message, HANDOVER_MS));
    }
    case 'present': {
      if (!proveOwnership(azure.assignment, facts.installationId)) {
        const message = `${assignmentId} does not prove by its name that this azid made it; it is left as it is: delete this object`;
        return object.metadata.deletionTimestamp
          ? finish(object)
          : rest(object, stalledInside('NotProven', message));
      }
      const claim = facts.claims.find((each) => sameCondition(each.condition, azure.assignment.condition));
      if (claim) return rest(object, extended(claim, now));
      if (now < end + facts.releaseAfterMs) {
        if (facts.unclear) return rest(object, summaryOf(facts.unclear));
        if (facts.loading !== undefined) {
          const message = `waiting for ${facts.loading}, which shows who may have it for longer`;
          return rest(object, progressing('Revoking', message, 10_000));
        }
      }
      return { ...rest(object, progressing('Revoking', 'revoking it', 0)), actions: [revoke(object, end)] };
    }
  }
}

function revoke({ spec }: AssignmentExpiry, end: number): Action {
  const whose = spec.owners.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  return {
    type: 'deleteAssignment',
    id: spec.assignmentId,
    event: {
      type: 'Normal',
      reason: 'Revoked',
      action: 'Delete',
      message: `deleted role assignment ${spec.assignmentId}: given to RoleGrant ${whose} until ${timestamp(end)}`,
    },
  };
}

function waiting(object: AssignmentExpiry, { now }: Facts): Summary {
  const end = lastEnd(object);
  if (end === undefined) {
    const holds = object.spec.owners.find(({ expiresAt }) => expiresAt === undefined);
    const message = `RoleGrant ${holds?.namespace}/${holds?.name} was given it without an end`;
    return { state: 'ready', reason: 'HeldWithoutEnd', message, nextMs: RECHECK_READY_MS };
  }
  const message = `is revoked at ${timestamp(end)}`;
  if (object.metadata.deletionTimestamp) {
    const remedy = `this object was deleted, but its end binds: to give it up, set annotation ${RELEASE_ANNOTATION}: "true"`;
    return { state: 'deleting', message: `${message}; ${remedy}`, againMs: end - now };
  }
  return { state: 'ready', reason: 'Scheduled', message, nextMs: Math.min(RECHECK_READY_MS, end - now) };
}

function extended({ key, endsAt }: Claim, now: number): Summary {
  const until = endsAt === undefined ? 'without an end' : `until ${timestamp(endsAt)}`;
  const message = `RoleGrant ${key} may have it ${until} by now`;
  const nextMs = Math.min(RECHECK_OUTSIDE_MS, ...(endsAt === undefined ? [] : [endsAt - now]));
  return { state: 'ready', reason: 'Extended', message, nextMs };
}

function progressing(reason: string, message: string, againMs: number): Summary {
  return { state: 'progressing', reason, message, againMs };
}

/** Nothing of it has an end any more, or it is gone: there is nothing to remember. */
function finish(object: AssignmentExpiry): ExpiryDecision {
  const freed: Action[] = hasFinalizer(object) ? [{ type: 'removeFinalizer' }] : [];
  const { deletionTimestamp } = object.metadata;
  return {
    ...rest(object, progressing('Ending', 'nothing of it has an end any more', 60_000)),
    actions: deletionTimestamp ? freed : [...freed, { type: 'deleteSelf' }],
  };
}

function released(object: AssignmentExpiry): ExpiryDecision {
  const { assignmentId, owners } = object.spec;
  const end = lastEnd(object);
  const message = `${RELEASED}; ${assignmentId} no longer ends${end === undefined ? '' : ` at ${timestamp(end)}`} unless a RoleGrant that lives says so`;
  const events: Action[] = owners.length > 0 ? [{ type: 'recordEvent', event: leftBehind(message) }] : [];
  return { ...finish(object), actions: [...events, { type: 'removeFinalizer' }] };
}

function rest(object: AssignmentExpiry, summary: Summary): ExpiryDecision {
  const end = object.spec.owners.length > 0 ? lastEnd(object) : undefined;
  return { actions: [], status: end === undefined ? {} : { expiresAt: timestamp(end) }, summary };
}
