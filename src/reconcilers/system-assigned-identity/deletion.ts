import { sameId } from '../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import {
  deleting,
  finished,
  isReleased,
  leftBehind,
  RELEASED,
  refused,
  unblocked,
} from '../status/deleting.ts';
import { stalled } from '../status/failure.ts';
import { byRefusal, otherThan } from '../status/refusals.ts';
import {
  type Facts,
  type Failed,
  isSwitchedOff,
  type OwnStatus,
  ownStatus,
  type SystemAssignedIdentity,
  type SystemIdentityDecision,
} from './facts.ts';

/**
 * The object is going. With `Retain` its host only forgets it; with `Delete` the host switches off what azid switched
 * on, after whatever hangs on the principal. The object waits until the ledger does not name it any more, and can always
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
  const next = off ? beforehand(resourceId, facts, own, leftovers.free) : undefined;
  if (next && !other) return { ...next, conditions: unblocked(object) };
  const stuck = leftovers.failures;
  // What else becomes of it needs nobody's leave: only a principal that ends takes something with it.
  const status = off && !other && stuck.length === 0 ? { ...own, released: true } : own;
  const first = other?.failure ?? (stuck.length === 0 ? refusal(ledger) : undefined);
  const [failure, ...more] = first ? [first] : stuck;
  if (failure)
    return refused(object, facts, status, [failure, ...more], stays, (message) =>
      finished(object, own, [leftBehind(message)]),
    );
  const doing = off ? 'the identity is being switched off' : 'azid lets go of the identity';
  return {
    // The host enqueues the object; this is the safety net.
    ...deleting(status, `${doing}: ${resourceId}`, RECHECK_OUTSIDE_MS, []),
    conditions: unblocked(object),
  };
}

/** Grants before their principal: of a dead one an assignment would stay for ever (docs/azure-facts.md section 6). */
function beforehand(
  resourceId: string,
  { references }: Facts,
  own: OwnStatus,
  free: readonly string[],
): SystemIdentityDecision | undefined {
  if (references.length > 0) {
    const message = `the identity of ${resourceId} is referred to by ${references.join(', ')}; delete these first`;
    return {
      actions: [],
      status: own,
      summary: { state: 'deleting', reason: 'InUse', message, againMs: 30_000 },
    };
  }
  if (free.length === 0) return undefined;
  return deleting(
    own,
    `deleting what azid left on the identity of ${resourceId}`,
    0,
    free.map((id) => ({
      type: 'deleteLeftover',
      id,
      event: {
        type: 'Normal',
        reason: 'Revoked',
        action: 'Delete',
        message: `deleted role assignment ${id}, which azid had made for the identity of ${resourceId} and no object owns any more`,
      },
    })),
  );
}

/** In words. */
function whereIs({ spec: { resourceId } }: SystemAssignedIdentity, { ledger }: Facts): string {
  const { hostId = resourceId } = ledger ?? {};
  return sameId(hostId, resourceId) ? resourceId : `${hostId} (moved from ${resourceId})`;
}

/** What the host says only somebody else can mend, or that it cannot be read. */
function refusal(ledger: Facts['ledger']): Failure | undefined {
  const reported = ledger?.entry?.problem ?? ledger?.stalled ?? ledger?.unreadable;
  if (!reported) return undefined;
  return stalled(reported.reason, reported.message);
}
