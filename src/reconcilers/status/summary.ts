import { hasFinalizer, type ManagedObject, type ManagedStatus } from '../../api/schema/common.ts';
import type { Condition } from '../../kube/types.ts';
import type { Denied } from '../../policy/verdict.ts';
import type { Outcome } from '../../runtime/outcome.ts';
import {
  type Finding,
  findCondition,
  removeCondition,
  setCondition,
} from '../../runtime/status/conditions.ts';
import { shortMessage } from '../../runtime/status/message.ts';
import {
  deleting,
  progressing,
  ready,
  retrying,
  stalled,
  suspended,
  waitingFor,
} from '../../runtime/status/summary.ts';
import {
  type Failure,
  type OwnStatusOf,
  RECHECK_INSIDE_MS,
  RECHECK_OUTSIDE_MS,
  type Summary,
} from '../decision.ts';

/**
 * The summary of a decision: how one is made of a failure or a verdict, and its two readings, the conditions that people and tools see
 * and what the queue does next. And what decisions of every kind take from the object: its own fields of the status, and the finalizer.
 */

export function summaryOf(failure: Failure): Summary {
  return failure.kind === 'stalled'
    ? { state: 'stalled', reason: failure.reason, message: failure.message, recheckMs: RECHECK_OUTSIDE_MS }
    : { state: 'retrying', failure };
}

/** Stalled until an edit or a policy mends it: both enqueue the object. */
export function stalledInside(reason: string, message: string): Summary {
  return { state: 'stalled', reason, message, recheckMs: RECHECK_INSIDE_MS };
}

/**
 * What the policies deny: stalled until they change. While the namespace was not seen there is no verdict to report;
 * its arrival enqueues the object, and its earlier status still stands.
 */
export function notAllowed(
  { metadata, status }: ManagedObject,
  { message, unseen }: Denied,
  reason = 'PolicyDenied',
): Summary {
  if (!unseen) return stalledInside(reason, message);
  return {
    state: 'waiting',
    for: `namespace ${metadata.namespace ?? ''}`,
    message,
    recheckMs: RECHECK_OUTSIDE_MS,
    keep: status?.observedGeneration === metadata.generation,
  };
}

/** Stalled until someone acts in Azure, which nothing announces. */
export function stalledOutside(reason: string, message: string): Summary {
  return { state: 'stalled', reason, message, recheckMs: RECHECK_OUTSIDE_MS };
}

/** What people and tools see. */
export function conditionsOf(
  summary: Summary,
  object: ManagedObject,
  now: number,
  extra: readonly Finding[] = [],
): readonly Condition[] {
  const at = { generation: object.metadata.generation, now };
  let list = removeCondition(object.status?.conditions ?? [], 'Suspended');
  for (const finding of extra) list = setCondition(list, finding, at);
  switch (summary.state) {
    case 'ready':
      return ready(list, summary, at);
    case 'progressing':
      if (keepsReady(summary.keep, list)) return list;
      // `Unknown` only where there is no condition yet; after that it is known to be not ready, and why.
      return list.some(({ type }) => type === 'Ready')
        ? retrying(list, summary, at)
        : progressing(list, summary, at);
    case 'retrying':
      return retrying(list, summary.failure, at);
    case 'waiting':
      return keepsReady(summary.keep, list) ? list : waitingFor(list, summary, at);
    case 'stalled':
      return stalled(list, summary, at);
    case 'deleting':
      return deleting(
        list,
        { reason: summary.reason ?? summary.failure?.reason ?? 'Deleting', message: summary.message },
        at,
      );
  }
}

function keepsReady(keep: boolean | undefined, list: readonly Condition[]): boolean {
  return keep === true && list.some(({ type }) => type === 'Ready');
}

/** `Ready` stays as last seen (docs/conditions.md); a condition of its own says why nothing moves. */
export function suspendedConditions(
  object: ManagedObject,
  reported: readonly Condition[] | undefined,
  pending: boolean,
  now: number,
): readonly Condition[] {
  const at = { generation: object.metadata.generation, now };
  const finding: Finding = {
    type: 'Suspended',
    status: 'True',
    reason: pending ? 'ChangesPending' : 'InSync',
    message: pending
      ? 'spec.suspend is true: what differs in Azure is not written; set it to false to go on'
      : 'spec.suspend is true: azid writes nothing to Azure for this object; set it to false to go on',
  };
  return setCondition(suspended(reported ?? [], at), finding, at);
}

/** For tables: what `Ready` says, or that the object is suspended, in short. */
export function shownMessage(conditions: readonly Condition[] = []): string | undefined {
  const of = (type: string) => conditions.find((each) => each.type === type);
  const reported = of('Suspended') ?? of('Ready');
  return reported && shortMessage(reported.message);
}

/** What the queue does next. */
export function outcomeOf(summary: Summary): Outcome {
  switch (summary.state) {
    case 'ready':
      return { type: 'done', nextMs: summary.nextMs };
    case 'progressing':
      return { type: 'again', afterMs: summary.againMs, why: summary.reason };
    case 'retrying':
      return retryOf(summary.failure);
    case 'waiting':
      return { type: 'waiting', for: summary.for, recheckMs: summary.recheckMs };
    case 'stalled':
      return { type: 'stalled', reason: summary.reason, recheckMs: summary.recheckMs };
    case 'deleting': {
      const { failure, againMs } = summary;
      // What Azure refuses is tried again at leisure; what merely failed backs off.
      if (failure?.kind === 'stalled') return { type: 'stalled', reason: failure.reason, recheckMs: againMs };
      return failure ? retryOf(failure) : { type: 'again', afterMs: againMs, why: summary.message };
    }
  }
}

function retryOf({ reason, error, notBeforeMs, heldBack = false }: Failure): Outcome {
  if (heldBack && notBeforeMs !== undefined) return { type: 'heldBack', reason, notBeforeMs };
  return { type: 'retry', reason, error, ...(notBeforeMs !== undefined && { notBeforeMs }) };
}

/**
 * Of a condition that is `True` while something is so: `False` once it is over, since one that went away could not be waited for
 * (`kubectl wait`); and nothing on objects of which it never was.
 */
export function noLonger(
  { status }: Pick<ManagedObject, 'status'>,
  type: string,
  over: { readonly reason: string; readonly message: string },
): readonly Finding[] {
  if (findCondition(status?.conditions ?? [], type)?.status !== 'True') return [];
  return [{ type, status: 'False', ...over }];
}

/** The fields of the status that are the kind's own, as they are stored. */
export function ownStatusOf<Status extends ManagedStatus>({
  status,
}: {
  readonly status?: Status | undefined;
}): OwnStatusOf<Status> {
  const {
    conditions: _c,
    observedGeneration: _g,
    lastHandledReconcileAt: _r,
    ...own
  } = status ?? ({} as Status);
  return own;
}

/** Set before the first write to Azure, and again should a tool strip it (an Argo CD sync with Replace=true does). */
export function finalizerOf(object: ManagedObject): { readonly type: 'addFinalizer' }[] {
  return hasFinalizer(object) ? [] : [{ type: 'addFinalizer' }];
}
