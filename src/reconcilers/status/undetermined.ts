import type { Failure, Summary } from '../decision.ts';

/** A deletion that waits, since it is not known yet whether something that azid gave is left. */
export type Undetermined =
  /** The first list that would show it is under way. */
  | { readonly state: 'waiting'; readonly message: string }
  /** Nothing shows it, for as long as this lasts: waited for as for a refusal (`blocked.ts`). */
  | { readonly state: 'blocked'; readonly failure: Failure };

/** A first list is there by then. It enqueues whom it shows, and this is for those it does not. */
export const FIRST_LIST_RECHECK_MS = 5_000;

/**
 * Nothing was refused: what is not known may be known in a moment. A list that becomes complete enqueues the objects
 * that wait for it; this is for the rest.
 */
export function recheckedWithin<D extends { readonly summary: Summary }>(decision: D, ms: number): D {
  const { summary } = decision;
  if (summary.state !== 'deleting' || summary.againMs === 0) return decision;
  return { ...decision, summary: { ...summary, againMs: Math.min(summary.againMs, ms) } };
}
