import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { Failure } from '../../decision.ts';
import {
  deleting,
  finished,
  isReleased,
  leftBehind,
  RELEASED,
  refused,
  type Undetermined,
  waiting,
  whileUndetermined,
} from '../../status/deleting.ts';
import { stalled } from '../../status/failure.ts';
import { otherThan } from '../../status/refusals.ts';
import { ownStatusOf } from '../../status/summary.ts';
import { withdrawEnds } from '../ends/ends.ts';
import type { Action, Facts, Failed, GrantDecision, OwnStatus, RoleGrant } from '../facts.ts';
import { everything, provenGone, withoutEntries } from '../object.ts';
import { remove, type Stays } from './removal.ts';

/**
 * The object is going: what it had made goes with it, unless others share it or it is to be retained. No policy is
 * asked, and the object can always leave: at once by annotation, else after a bounded wait that names what stays behind
 * (docs/guarantees.md G18).
 */
export function decideDeletion(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const own = ownStatusOf(object);
  const ledger = withoutEntries(own.ledger, provenGone(facts));
  const status: OwnStatus = { ...own, ledger };
  if (object.spec.deletionPolicy === 'Retain')
    return finished(object, status, [], retained(object, ledger, facts));
  const undetermined = undeterminedOf(object, facts);
  if (isReleased(object)) {
    const stays = staying(ledger, facts);
    if (stays.length > 0)
      return finished(object, status, [leftBehind(`${RELEASED}; these stay in Azure: ${stays.join(', ')}`)]);
    const message = `${RELEASED}; what it was granted, if anything, stays in Azure`;
    return finished(object, status, undetermined ? [leftBehind(message)] : []);
  }
  const { deletions, stays, events, ended } = remove(
    object,
    facts,
    everything(facts),
    'its RoleGrant was deleted',
    failed,
  );
  const other = otherThan(failed, 'deleteAssignment');
  // The read after a refusal may show that nothing is left to be deleted: under a scope that is gone Azure may say 403.
  if (other && deletions.length > 0) return blocked(object, facts, status, [other.failure]);
  if (deletions.length > 0) return deleting(status, 'deleting the role assignment', 0, deletions);
  switch (stays?.state) {
    case 'wait':
      if (stays.awaited) return awaiting(object, facts, status, stays, stays.awaited.reason);
      return waiting(object, status, stays.message, stays.againMs);
    case 'blocked':
      return blocked(object, facts, status, stays.failures, stays.unconfirmed);
    case undefined:
      return undetermined
        ? whileUndetermined(object, status, undetermined, (failure) =>
            blocked(object, facts, status, [failure]),
          )
        : finished(object, status, events, withdrawEnds(facts, ended));
  }
}

/** @param unconfirmed what was deleted, and has to be seen gone before the object goes */
function blocked(
  object: RoleGrant,
  facts: Facts,
  status: OwnStatus,
  failures: readonly [Failure, ...Failure[]],
  unconfirmed?: { readonly message: string; readonly againMs: number },
): GrantDecision {
  const stays = staying(status.ledger ?? [], facts);
  const what =
    stays.length > 0
      ? `these stay in Azure: ${stays.join(', ')}`
      : 'what it was granted, if anything, stays in Azure';
  return refused(object, facts, status, failures, what, (message) =>
    unconfirmed
      ? deleting(status, unconfirmed.message, unconfirmed.againMs)
      : finished(object, status, [leftBehind(message)]),
  );
}

/** By the ledger, and by the marks where that was lost. */
function staying(ledger: readonly string[], { held, marked }: Facts): readonly string[] {
  const present = held.filter(({ observed }) => observed.state === 'present').map(({ id }) => id);
  const found = (marked?.ids ?? []).filter((id) => present.some((each) => sameAssignmentId(each, id)));
  return [...ledger, ...found.filter((id) => !ledger.some((each) => sameAssignmentId(each, id)))];
}

/**
 * What stays on purpose. An object that is released leaves what could not be removed, and not what is to be kept: nothing is recorded then, so
 * that no record can hold an object either.
 */
function retained(object: RoleGrant, ledger: readonly string[], facts: Facts): readonly Action[] {
  if (isReleased(object)) return [];
  const target = facts.azure?.state === 'present' ? facts.azure.assignment.id : undefined;
  const ids = [...staying(ledger, facts), object.status?.assignmentId, target];
  const once = [...new Set(ids.flatMap((id) => id ?? []))];
  return once.length > 0 ? [{ type: 'recordRetained', ids: once }] : [];
}

/**
 * It waits for another object's claim to be known as it waits for Azure: not for ever, and that object has what
 * stays, if it asks for it.
 */
function awaiting(
  object: RoleGrant,
  facts: Facts,
  status: OwnStatus,
  { message, againMs }: Extract<Stays, { state: 'wait' }>,
  reason: string,
): GrantDecision {
  const failure = { kind: 'transient', reason, message, ambiguous: false } as const;
  const decision = blocked(object, facts, status, [{ ...failure, error: undefined }]);
  return decision.actions.length > 0
    ? decision
    : { ...decision, summary: { state: 'deleting', message, againMs } };
}

/**
 * A status may have been lost, or altered, while no azid ran. So a deletion is over only when it is known what azid
 * may have given: what the object asks for was read, or a complete list of its scope showed what is marked for it.
 */
function undeterminedOf(
  { spec }: RoleGrant,
  { azure, marked, principal, role, target }: Facts,
): Undetermined | undefined {
  if (!marked || marked.list.state === 'complete' || (target && azure)) return undefined;
  if (marked.list.state === 'loading')
    return {
      state: 'waiting',
      message: `waiting for the first list of the role assignments of ${spec.scope}, which shows whether one is left`,
    };
  if (principal.state === 'unreadable') return { state: 'blocked', failure: principal.failure };
  if (role?.state === 'unreadable') return { state: 'blocked', failure: role.failure };
  return {
    state: 'blocked',
    failure: stalled(
      'ListIncomplete',
      `what azid may have granted on ${spec.scope} is not known, as the list of its role assignments may leave some out: ${marked.list.because}`,
    ),
  };
}
