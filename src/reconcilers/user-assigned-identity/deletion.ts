import { keptMakers, ownershipOf, retainedMarks, withoutMarks } from '../../azure/names/identity-marks.ts';
import { sameId } from '../../azure/names/resource-id.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { deleteLeftovers, inUse } from '../principal-deletion.ts';
import {
  deleting,
  FIRST_LIST_RECHECK_MS,
  finished,
  isReleased,
  leftBehind,
  RELEASED,
  recheckedWithin,
  refused,
  waiting,
} from '../status/deleting.ts';
import { stalled } from '../status/failure.ts';
import { byRefusal, otherThan } from '../status/refusals.ts';
import { ownStatusOf } from '../status/summary.ts';
import { isSelf } from './claim.ts';
import type {
  Action,
  Facts,
  Failed,
  IdentityDecision,
  OwnStatus,
  Search,
  SeenIdentity,
  UserAssignedIdentity,
} from './facts.ts';
import { isCopy, ownerOf, resolveTarget, type Target } from './object.ts';
import { outputsOf } from './output.ts';
import { LIST_RECHECK_MS, searchOfDeleted } from './search-summary.ts';
import { isForeign, isOnRecord, takeMarksBack } from './write/withdrawal.ts';

/**
 * The object is being deleted. Taking away what azid gave needs no permission, so policies are asked only for where the
 * identity would be; and the finalizer always goes: at once by annotation, else after a bounded wait, with an Event that names what
 * stays behind (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: UserAssignedIdentity,
  facts: Facts,
  failed?: Failed,
): IdentityDecision {
  const own = ownStatusOf(object);
  const { policy } = facts;
  const resolution = resolveTarget(object, policy.defaults, facts.marked, facts.proven);
  const released = isReleased(object);
  const { search } = facts;
  if (search) {
    const message = `${RELEASED}; its identity, if it has one, stays in Azure`;
    return released ? finish(object, facts, message) : whileSearched(object, facts, search);
  }
  if (!resolution.resolved) {
    // A status that a restore emptied may have been filled from a policy's defaults.
    if (policy.unseen && !released) return deleting(own, policy.unseen.message, RECHECK_OUTSIDE_MS);
    // Without coordinates, and with nothing on record, nothing was ever made: they are pinned before the first write.
    return finish(object, facts);
  }
  const { target } = resolution;
  const { id } = target;

  if (released) {
    return finish(object, facts, `${RELEASED}; identity ${id}, if it exists, stays in Azure`);
  }
  const other = otherThan(failed, 'deleteLeftover');
  if (other) return blocked(object, facts, `identity ${id}`, other.failure);

  const observed = facts.azure;
  switch (observed?.state) {
    case undefined:
    case 'loading':
      return deleting(own, `reading identity ${id}`, 1_000);
    case 'unreadable':
      return blocked(object, facts, `identity ${id}`, observed.failure);
    case 'absent':
      if (observed.missing === 'subscription') {
        const message = `the subscription of ${id} does not exist or azid cannot see it`;
        return blocked(object, facts, `identity ${id}`, stalled('SubscriptionNotFound', message));
      }
      if (observed.conclusive) return finish(object, facts);
      return waiting(
        object,
        own,
        `Azure does not show ${id}, but it was written to a moment ago; azid reads it again before letting go`,
        observed.conclusiveInMs,
      );
    case 'present':
      return takeAway(object, facts, target, observed.identity, failed);
  }
}

function takeAway(
  object: UserAssignedIdentity,
  facts: Facts,
  target: Target,
  identity: SeenIdentity,
  failed: Failed | undefined,
): IdentityDecision {
  const own = ownStatusOf(object);
  const { id, coordinates, pinned } = target;
  const owner = ownerOf(object, facts);
  const ownership = ownershipOf(identity.tags, owner);
  const retain = object.spec.deletionPolicy === 'Retain';
  if (isSelf(facts, identity)) return finish(object, facts, `identity ${id} is azid's own; left as it is`);
  if (ownership.state === 'retainedForMe' && retain) return finish(object, facts);
  if (ownership.state !== 'mine') {
    // Only what carries this object's mark is taken away; a mark may have been stripped to take the identity over.
    const claimed = own.id !== undefined || isOnRecord(facts, identity);
    return finish(
      object,
      facts,
      claimed ? `identity ${id} no longer carries this object's mark; left as it is` : undefined,
    );
  }
  if (isCopy(object, facts, target, identity))
    return finish(
      object,
      facts,
      `identity ${id} carries this object's mark, but azid has principal ${facts.lastShown} on record for it; left as it is`,
    );
  if (isForeign(object, facts, identity)) return takeMarksBack(object, identity);
  // Where it was must be known after it is gone: else it would be searched for everywhere, or a copy of it taken for
  // it.
  const known = pinned && (own.id === undefined || sameId(own.id, id));
  const status: OwnStatus = { ...own, coordinates, id: identity.id };
  const pin: Action[] = known
    ? []
    : [{ type: 'saveStatus', status, why: 'the place of what is taken away must survive a crash' }];
  const working = (message: string, actions: readonly Action[], againMs = 0): IdentityDecision => ({
    actions: [...pin, ...actions],
    status: known ? own : status,
    summary: { state: 'deleting', message, againMs },
  });
  if (retain) {
    return working(`marking identity ${id} as retained`, [
      {
        type: 'updateIdentity',
        id,
        tags: {
          ...withoutMarks(identity.tags),
          ...retainedMarks(owner),
          ...keptMakers(identity.tags, facts.self?.principalId),
        },
        event: {
          type: 'Normal',
          reason: 'Retained',
          action: 'Update',
          message: `identity ${id} is kept in Azure, marked as retained`,
        },
      },
    ]);
  }
  if (facts.references.length > 0) return inUse(object, own, `identity ${id}`, facts.references);
  const [doubt] = facts.doubts ?? [];
  if (doubt)
    // What azid cannot read may use it still, so it is not deleted.
    return blocked(object, facts, `identity ${id}`, stalled(doubt.reason, doubt.message));
  const { free, failures } = byRefusal(facts.leftovers, failed, 'deleteLeftover');
  if (free.length > 0)
    return working(`deleting what azid left on identity ${id}`, deleteLeftovers(free, `identity ${id}`));
  const [failure, ...more] = failures;
  if (failure) return blocked(object, facts, `identity ${id}`, failure, ...more);
  return working(`deleting identity ${id}`, [
    {
      type: 'deleteIdentity',
      id,
      event: { type: 'Normal', reason: 'Deleted', action: 'Delete', message: `deleted identity ${id}` },
    },
  ]);
}

/** Where its identity is, or whether there is one, is not known yet, or cannot be. */
function whileSearched(object: UserAssignedIdentity, facts: Facts, search: Search): IdentityDecision {
  const found = searchOfDeleted(search);
  switch (found.state) {
    case 'waiting':
      return waiting(object, ownStatusOf(object), found.message, FIRST_LIST_RECHECK_MS);
    case 'blocked':
      return recheckedWithin(blocked(object, facts, found.what, found.failure), LIST_RECHECK_MS);
    case 'left':
      return finish(object, facts, found.message);
  }
}

function blocked(
  object: UserAssignedIdentity,
  facts: Facts,
  what: string,
  ...failures: readonly [Failure, ...Failure[]]
): IdentityDecision {
  return refused(object, facts, ownStatusOf(object), failures, `${what} stays in Azure`, (message) =>
    finish(object, facts, message),
  );
}

/** Nothing of this object's is left to delete, or it must stay: the finalizer is removed, and its ConfigMaps are deleted. */
function finish(object: UserAssignedIdentity, facts: Facts, stays?: string): IdentityDecision {
  const outputs = outputsOf(object, facts).map(
    ({ name, uid }) => ({ type: 'deleteConfigMap', name, uid }) as const,
  );
  return finished(object, ownStatusOf(object), stays === undefined ? [] : [leftBehind(stays)], outputs);
}
