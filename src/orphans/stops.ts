/** What keeps a run from deleting anything at all. */

import type { Found } from './candidates/candidates.ts';
import { confirmationFor, readConfirmation } from './confirmation.ts';
import type { OrphanType, SweepObservation } from './observed.ts';
import type { Candidate, Stop } from './report.ts';
import { CONFIRM_ANNOTATION, MAX_LISTED, type SweepSpec } from './spec.ts';

/** So few may always be orphans, whatever share of all they are: else one of two could never go. */
const FLOOR = 3;

export function stopsOf(observed: SweepObservation, found: Found, spec: SweepSpec): readonly Stop[] {
  const stops: Stop[] = observed.doubts.map(({ reason, message }) => ({ reason, message }));
  if (!observed.self && !stops.some(({ reason }) => reason === 'ClaimUnknown'))
    stops.push({
      reason: 'ClaimUnknown',
      message:
        'azid does not know its own identity yet, so it cannot tell that from the others; wait for its first token',
    });
  const vanished = vanishedOwners(observed, found, spec);
  return vanished ? [...stops, vanished] : stops;
}

/**
 * Many owners that are gone at once are rather a cluster that was emptied, or restored from an older backup, than so many orphans. What
 * ended by itself does not count: its end was known before.
 */
function vanishedOwners(
  { now, objects }: SweepObservation,
  { candidates, judged }: Found,
  spec: SweepSpec,
): Stop | undefined {
  const confirmation = readConfirmation(spec.confirmed, now);
  const until = confirmation.state === 'until' ? confirmation.until : Number.NEGATIVE_INFINITY;
  // What there is no room to list can neither be confirmed nor become due.
  const without = candidates
    .slice(0, MAX_LISTED)
    .filter(({ reason, since }) => (reason === 'OwnerGone' || reason === 'PrincipalGone') && since > until);
  if (without.length === 0) return undefined;
  const { maxShare } = spec.limits;
  const tooMany = TYPES.flatMap((type) => {
    const gone = without.filter((each) => each.type === type).length;
    return gone > FLOOR && gone * 100 > judged[type] * maxShare
      ? [`${gone} of ${judged[type]} ${PLURAL[type]}`]
      : [];
  });
  if (tooMany.length === 0 && objects > 0) return undefined;
  const what =
    objects === 0
      ? 'no object of azid is in this cluster, which looks emptied'
      : `the owners of ${tooMany.join(' and of ')} are gone, which is more than limits.maxShare (${maxShare} %) and looks like a cluster that was emptied or restored`;
  const wrong = confirmation.state === 'invalid' ? `; ${confirmation.why}` : '';
  const message = `${what}; if all ${without.length} that are listed may go, confirm them: set the annotation ${CONFIRM_ANNOTATION} to "${confirmationFor(latest(without))}"${wrong}`;
  return { reason: 'OwnersVanished', message };
}

const TYPES: readonly OrphanType[] = ['Identity', 'RoleAssignment', 'FederatedIdentityCredential'];

const PLURAL: Readonly<Record<OrphanType, string>> = {
  Identity: 'identities',
  RoleAssignment: 'role assignments',
  FederatedIdentityCredential: 'federated credentials',
};

function latest(candidates: readonly Candidate[]): number {
  return candidates.reduce((last, { since }) => Math.max(last, since), 0);
}
