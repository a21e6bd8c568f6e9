import { RELEASE_ANNOTATION } from '../../../api/schema/common.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import type { Failure, ReconcileEvent } from '../../decision.ts';
import { blockOfAll, unblocked } from '../../status/blocked.ts';
import { otherThan } from '../../status/refusals.ts';
import { FIRST_LIST_RECHECK_MS, recheckedWithin } from '../../status/untold.ts';
import { withdrawEnds } from '../ends/ends.ts';
import type { Action, Facts, Failed, GrantDecision, OwnStatus, RoleGrant } from '../facts.ts';
import { ownStatus, withoutEntries } from '../own.ts';
import { provenGone } from '../standing.ts';
import { everything, remove, type Stays } from './removal.ts';
import { untoldOf } from './untold.ts';

/** While a list may leave something out, or what it takes to tell cannot be read. */
const RECHECK_MS = 30_000;

/**
 * The object is going: what it had made goes with it, unless others share it or it is to be retained. No policy is
 * asked, and the object can always leave: at once by annotation, else after a bounded wait that names what stays behind
 * (docs/guarantees.md G18).
 */
export function decideDeletion(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const own = ownStatus(object);
  const ledger = withoutEntries(own.ledger, provenGone(facts));
  const status: OwnStatus = { ...own, ledger };
  if (object.spec.deletionPolicy === 'Retain')
    return leave(object, status, [], retained(object, ledger, facts));
  const untold = untoldOf(object, facts);
  if (object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true') {
    const stays = staying(ledger, facts);
    const event =
      stays.length > 0
        ? [`released by annotation ${RELEASE_ANNOTATION}; these stay in Azure: ${stays.join(', ')}`]
        : untold
          ? [`released by annotation ${RELEASE_ANNOTATION}; what it was granted, if anything, stays in Azure`]
          : [];
    return leave(object, status, event.map(leftBehind));
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
      return { ...deleting(status, stays.message, stays.againMs), conditions: unblocked(object) };
    case 'blocked':
      return blocked(object, facts, status, stays.failures, stays.unconfirmed);
    case undefined:
      if (untold?.state === 'waiting')
        return { ...deleting(status, untold.message, FIRST_LIST_RECHECK_MS), conditions: unblocked(object) };
      if (untold) return recheckedWithin(blocked(object, facts, status, [untold.failure]), RECHECK_MS);
      return leave(object, status, events, withdrawEnds(facts, ended));
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
  const block = blockOfAll(object, facts, failures);
  if (block.state === 'held')
    return { actions: [], status, summary: block.summary, conditions: block.conditions };
  if (unconfirmed) return deleting(status, unconfirmed.message, unconfirmed.againMs);
  const stays = staying(status.ledger ?? [], facts);
  const what =
    stays.length > 0
      ? `these stay in Azure: ${stays.join(', ')}`
      : 'what it was granted, if anything, stays in Azure';
  const why = failures.map(({ message }) => message).join('; ');
  return leave(object, status, [leftBehind(`${block.after}; ${what}: ${why}`)]);
}

/** By the ledger, and by the marks where that was lost. */
function staying(ledger: readonly string[], { held, marked }: Facts): readonly string[] {
  const standing = held.filter(({ view }) => view.state === 'present').map(({ id }) => id);
  const found = (marked?.ids ?? []).filter((id) => standing.some((each) => sameAssignmentId(each, id)));
  return [...ledger, ...found.filter((id) => !ledger.some((each) => sameAssignmentId(each, id)))];
}

/**
 * What stays on purpose. Whoever is released leaves what could not be removed, and not what is to be kept: nothing is recorded then, so
 * that no record can hold an object either.
 */
function retained(object: RoleGrant, ledger: readonly string[], facts: Facts): readonly Action[] {
  if (object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true') return [];
  const target = facts.azure?.state === 'present' ? facts.azure.assignment.id : undefined;
  const ids = [...staying(ledger, facts), object.status?.assignmentId, target];
  const once = [...new Set(ids.flatMap((id) => id ?? []))];
  return once.length > 0 ? [{ type: 'recordRetained', ids: once }] : [];
}

/** It waits for what another asks for to be told as it waits for Azure: not for ever, and that one has what stays, if it asks for it. */
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

/** @param withdrawn ends that no longer count; those of what stays in Azure do */
function leave(
  object: RoleGrant,
  status: OwnStatus,
  events: readonly ReconcileEvent[],
  withdrawn: readonly Action[] = [],
): GrantDecision {
  const told = events.map((event): Action => ({ type: 'recordEvent', event }));
  return deleting(status, `letting go of ${object.metadata.name}`, 0, [
    ...withdrawn,
    ...told,
    { type: 'removeFinalizer' },
  ]);
}

function deleting(
  status: OwnStatus,
  message: string,
  againMs: number,
  actions: readonly Action[] = [],
): GrantDecision {
  return { actions, status, summary: { state: 'deleting', message, againMs } };
}

function leftBehind(message: string): ReconcileEvent {
  return { type: 'Warning', reason: 'LeftBehind', action: 'Delete', message };
}
