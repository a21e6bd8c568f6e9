/**
 * The judgement of one run: from what was seen to what is an orphan, what becomes of it, and what goes next. Pure, so that it can be
 * asked again before each deletion. docs/orphans.md has the rules and their reasons.
 */
import { candidatesOf } from './candidates/candidates.ts';
import type { SweepObservation } from './observed.ts';
import { behindLeftovers, forListing, inOrder, withRoom } from './order.ts';
import type { Memory, SweepReport } from './report.ts';
import type { SweepSpec } from './spec.ts';
import { stopsOf } from './stops.ts';

/** @param deleted how many things this run has deleted already, by whichever process: its limit holds for all of it */
export function judge(
  observed: SweepObservation,
  memory: Memory,
  spec: SweepSpec,
  deleted: number,
): SweepReport {
  const seen = candidatesOf({ observed, memory, spec });
  const found = { ...seen, candidates: forListing(seen.candidates).map(withRoom(observed.now)) };
  const stops = stopsOf(observed, found, spec);
  const assignments = new Set(observed.assignments.map(({ key }) => key));
  const candidates = behindLeftovers(found.candidates, observed.identities, assignments);
  const left = Math.max(0, spec.limits.deletionsPerRun - deleted);
  const due = spec.mode === 'Delete' && stops.length === 0 ? candidates.filter(isDue) : [];
  return {
    ...found,
    candidates,
    stops,
    next: inOrder(due).slice(0, left),
  };
}

function isDue({ verdict }: SweepReport['candidates'][number]): boolean {
  return verdict.type === 'due';
}
