import { sameId } from '../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { deleteLeftovers, inUse } from '../principal-deletion.ts';
import {
  deleting,
  finished,
  isReleased,
  leftBehind,
  RELEASED,
  refused,
  unblocked,
  waiting,
} from '../status/deleting.ts';
import { stalled } from '../status/failure.ts';
import { byRefusal, otherThan } from '../status/refusals.ts';
import type { Facts, Failed, SystemAssignedIdentity, SystemIdentityDecision } from './facts.ts';
import { isSwitchedOff, ownStatus } from './object.ts';

/**
 * The object is being deleted. With `Retain` its host only forgets it; with `Delete` the host switches off what azid switched
 * on, after what depends on the principal. The object waits until the ledger does not name it any more, and can always
 * leave (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: SystemAssignedIdentity,
  facts: Facts,
  failed?: Failed,
): SystemIdentityDecision {
  // Decided anew each time, by what depends on it now.
  const { released: _, ...own } = ownStatus(object);
  const { ledger } = facts;
  const resourceId = whereIs(object, facts);
  const { entry } = ledger ?? {};
  if (!entry) return finished(object, own);
  const stays = `the identity of ${resourceId} may stay on`;
  if (isReleased(object)) return finished(object, own, [leftBehind(`${RELEASED}; ${stays}`)]);

  const off = isSwitchedOff(object, facts);
  const other = otherThan(failed, 'deleteLeftover');
  const leftovers = byRefusal(off ? facts.leftovers : [], failed, 'deleteLeftover');
  const whose = `the identity of ${resourceId}`;
  if (off && !other) {
    if (facts.references.length > 0) return inUse(object, own, whose, facts.references);
    if (leftovers.free.length > 0)
      return {
        ...deleting(own, `deleting what azid left on ${whose}`, 0, deleteLeftovers(leftovers.free, whose)),
        conditions: unblocked(object),
      };
  }
  const stuck = leftovers.failures;
  // Only a principal that ends takes something with it, so only that waits for what depends on it.
  const status = off && !other && stuck.length === 0 ? { ...own, released: true } : own;
  const first = other?.failure ?? (stuck.length === 0 ? refusal(ledger) : undefined);
  const [failure, ...more] = first ? [first] : stuck;
  if (failure)
    return refused(object, facts, status, [failure, ...more], stays, (message) =>
      finished(object, own, [leftBehind(message)]),
    );
  const doing = off ? 'the identity is being switched off' : 'azid lets go of the identity';
  // The host enqueues the object; the recheck is for a host that does not.
  return waiting(object, status, `${doing}: ${resourceId}`, RECHECK_OUTSIDE_MS);
}

/** In words. */
function whereIs({ spec: { resourceId } }: SystemAssignedIdentity, { ledger }: Facts): string {
  const { hostId = resourceId } = ledger ?? {};
  return sameId(hostId, resourceId) ? resourceId : `${hostId} (moved from ${resourceId})`;
}

/** What the host reports that only a user can mend, or that it cannot be read. */
function refusal(ledger: Facts['ledger']): Failure | undefined {
  const reported = ledger?.entry?.problem ?? ledger?.stalled ?? ledger?.unreadable;
  if (!reported) return undefined;
  return stalled(reported.reason, reported.message);
}
