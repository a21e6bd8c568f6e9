import { CONFIRM_ORPHANS_ANNOTATION, MAX_LISTED_CANDIDATES } from '../api/orphan-sweep.ts';
import { candidatesOf, type Found } from './candidates.ts';
import type { OrphanType, SweepObservation } from './observed.ts';
import {
  behindLeftovers,
  type Candidate,
  forListing,
  inOrder,
  type Memory,
  type Stop,
  type SweepReport,
  withRoom,
} from './report.ts';
import { confirmationFor, readConfirmation, type SweepSpec } from './spec.ts';

/**
 * The evaluation of one run: from what was observed to what is an orphan, what becomes of it, and what is deleted next. Pure, so that it
 * can be asked again before each deletion. docs/orphans.md has the rules and their reasons.
 */

/** @param deleted how many things this run has deleted already, by whichever process: its limit holds for all of it */
export function evaluate(
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

/** So few may always be orphans, even if they are more than the share: else one of two could never go. */
const FLOOR = 3;

/** What keeps a run from deleting anything at all. */
function stopsOf(observed: SweepObservation, found: Found, spec: SweepSpec): readonly Stop[] {
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
  { candidates, evaluated }: Found,
  spec: SweepSpec,
): Stop | undefined {
  const confirmation = readConfirmation(spec.confirmed, now);
  const until = confirmation.state === 'until' ? confirmation.until : Number.NEGATIVE_INFINITY;
  // What there is no room to list can neither be confirmed nor become due.
  const without = candidates
    .slice(0, MAX_LISTED_CANDIDATES)
    .filter(({ reason, since }) => (reason === 'OwnerGone' || reason === 'PrincipalGone') && since > until);
  if (without.length === 0) return undefined;
  const { maxShare } = spec.limits;
  const tooMany = TYPES.flatMap((type) => {
    const gone = without.filter((each) => each.type === type).length;
    return gone > FLOOR && gone * 100 > evaluated[type] * maxShare
      ? [`${gone} of ${evaluated[type]} ${PLURAL[type]}`]
      : [];
  });
  if (tooMany.length === 0 && objects > 0) return undefined;
  const what =
    objects === 0
      ? 'no object of azid is in this cluster, which looks emptied'
      : `the owners of ${tooMany.join(' and of ')} are gone, which is more than limits.maxShare (${maxShare} %) and looks like a cluster that was emptied or restored`;
  const wrong = confirmation.state === 'invalid' ? `; ${confirmation.why}` : '';
  const message = `${what}; if all ${without.length} that are listed may go, confirm them: set the annotation ${CONFIRM_ORPHANS_ANNOTATION} to "${confirmationFor(latest(without))}"${wrong}`;
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
