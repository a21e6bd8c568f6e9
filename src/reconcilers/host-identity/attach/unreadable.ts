import type { Failure } from '../../decision.ts';
import type { Line } from '../../hosts/ledger/lines.ts';
import { withProblem } from '../../hosts/ledger/problems.ts';
import { type CaseDecision, withState } from '../identity/case.ts';

/** An identity that azid could not read is in no write: a dead one would fail the whole. */
export function unreadable(base: Line, failure: Failure, id: string, now: number): CaseDecision {
  if (failure.kind !== 'stalled') return { line: base, failure };
  const refused = base.state === 'Attached' ? base : withState(base, 'Refused', now);
  const message = `identity ${id} cannot be read: ${failure.message}`;
  return { line: withProblem(refused, { reason: failure.reason, message }, now) };
}
