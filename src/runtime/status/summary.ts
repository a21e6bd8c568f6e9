import { type Condition, findCondition, type Moment, removeCondition, setCondition } from './conditions.ts';

/**
 * The summary of an object's state, one function for each row of the table in docs/conditions.md: `Ready`, and
 * kstatus' `Reconciling` and `Stalled`, which exist only while true and never both (kstatus takes the first in the
 * list). Other conditions are left alone. Each function returns the same list if nothing changes.
 */

/** What to report: a stable CamelCase word for programs and a sentence for people. */
export interface Report {
  readonly reason: string;
  readonly message: string;
}

type List = readonly Condition[];

/** First reconcile, before any Azure call. Without it kstatus calls the object Current. */
export function progressing(list: List, { message }: Pick<Report, 'message'>, at: Moment): List {
  const report = { reason: 'Progressing', message };
  return reconciling(withReady(list, 'Unknown', report, at), report, at);
}

/** Done. */
export function ready(list: List, report: Report, at: Moment): List {
  return settled(withReady(list, 'True', report, at));
}

/** Working on it, or retrying with back-off: `reason` says what keeps it from being ready. */
export function retrying(list: List, report: Report, at: Moment): List {
  const { message } = report;
  return reconciling(withReady(list, 'False', report, at), { reason: 'ProgressingWithRetry', message }, at);
}

/** Waiting for another object, which the message names. */
export function waitingFor(list: List, { message }: Pick<Report, 'message'>, at: Moment): List {
  const report = { reason: 'DependencyNotReady', message };
  return reconciling(withReady(list, 'False', report, at), report, at);
}

/** Nothing helps until someone acts: the message names the thing and the remedy. */
export function stalled(list: List, report: Report, at: Moment): List {
  const open = removeCondition(withReady(list, 'False', report, at), 'Reconciling');
  return setCondition(open, { type: 'Stalled', status: 'True', ...report }, at);
}

/**
 * `spec.suspend`: `Ready` stays as last seen, and with it its `observedGeneration`; the top-level one must stay too,
 * so that an edit of a suspended object does not pass for done. An object that was never reconciled is `Unknown`, not
 * green.
 */
export function suspended(list: List, at: Moment): List {
  const message = 'suspended before its first reconcile; set spec.suspend to false to go on';
  const seen = findCondition(list, 'Ready')
    ? list
    : withReady(list, 'Unknown', { reason: 'Suspended', message }, at);
  return settled(seen);
}

/** Being deleted. `reason` other than `Deleting` says what the deletion waits for, as `InUse`. */
export function deleting(
  list: List,
  { reason = 'Deleting', message }: Partial<Report> & Pick<Report, 'message'>,
  at: Moment,
): List {
  return settled(withReady(list, 'False', { reason, message }, at));
}

function withReady(list: List, status: Condition['status'], report: Report, at: Moment): List {
  return setCondition(list, { type: 'Ready', status, ...report }, at);
}

function reconciling(list: List, report: Report, at: Moment): List {
  return setCondition(
    removeCondition(list, 'Stalled'),
    { type: 'Reconciling', status: 'True', ...report },
    at,
  );
}

function settled(list: List): List {
  return removeCondition(removeCondition(list, 'Reconciling'), 'Stalled');
}
