import { type Failure, RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS, type Summary } from './decision.ts';

/** Short ways to say how an object stands. */

export function summaryOf(failure: Failure): Summary {
  return failure.kind === 'stalled'
    ? { state: 'stalled', reason: failure.reason, message: failure.message, recheckMs: RECHECK_OUTSIDE_MS }
    : { state: 'retrying', failure };
}

/** Stalled until an edit or a policy mends it: both wake the object. */
export function stalledInside(reason: string, message: string): Summary {
  return { state: 'stalled', reason, message, recheckMs: RECHECK_INSIDE_MS };
}

/** Stalled until someone acts in Azure, which nothing announces. */
export function stalledOutside(reason: string, message: string): Summary {
  return { state: 'stalled', reason, message, recheckMs: RECHECK_OUTSIDE_MS };
}
