import type { ManagedObject } from '../../api/schema/common.ts';
import type { Denied } from '../../policy/verdict.ts';
import { type Failure, RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS, type Summary } from '../decision.ts';

/** Short ways to say how an object stands. */

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
