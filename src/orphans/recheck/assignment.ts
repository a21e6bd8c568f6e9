import { proveOwnership } from '../../azure/names/assignment-name.ts';
import type { LiveAssignment, LiveObservation } from '../live.ts';
import { assignmentOwner } from '../owners/assignment.ts';
import type { Objects } from '../owners/objects.ts';
import type { Candidate } from '../report.ts';
import { isAzidItself } from '../self.ts';
import { type Answer, keep, keptByMaker, keptByOwner } from './answer.ts';

/** Still azid's, still nobody's; and its principal is as it was judged, or its end has still passed. */
export function recheckAssignment(
  candidate: Candidate,
  { assignment, principal, endsAt }: LiveAssignment,
  live: LiveObservation,
  objects: Objects,
): Answer {
  const { installationId, self, now } = live;
  const elsewhere = keptByMaker(assignment.madeBy, candidate, live);
  if (isAzidItself(assignment, self)) return keep('AzidItself', 'azid itself has this right');
  if (!proveOwnership(assignment, installationId))
    return keep('NotProven', 'its name does not prove that this installation of azid made it');
  const owner = assignmentOwner(assignment, installationId, objects);
  if (candidate.reason === 'Ended') {
    if (endsAt === undefined || endsAt > now) return keep('EndMoved', 'its end has not passed any more');
    // The end stands in the records of this cluster, so it gave it; another may have an equal grant that does not end.
    if (elsewhere?.because === 'MadeElsewhere') return elsewhere;
    // `Retain` counts until the end, and no longer.
    if (owner.state === 'retained') return { type: 'delete' };
  }
  const kept = keptByOwner(owner, candidate);
  if (kept) return kept;
  if (candidate.reason === 'Ended') return { type: 'delete' };
  if (elsewhere) return elsewhere;
  const { principalId } = assignment;
  if (principal.state === 'softDeleted')
    return keep(
      'PrincipalSoftDeleted',
      `principal ${principalId} is deleted and can be restored for 30 days`,
    );
  if (principal.state === 'unknown')
    return keep(
      'PrincipalUnknown',
      `whether principal ${principalId} is there cannot be told: ${principal.why}`,
    );
  if ((candidate.reason === 'PrincipalGone') !== (principal.state === 'gone'))
    return keep(
      'InstanceChanged',
      `principal ${principalId} is ${principal.state}, which it was not when that was judged`,
    );
  return { type: 'delete' };
}
