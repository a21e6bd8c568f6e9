import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { ownershipOf, retainedMarks, withoutMarks } from '../marks.ts';
import { blockOf, unblocked } from '../status/blocked.ts';
import { isSelf } from './claim.ts';
import type {
  Action,
  Facts,
  Failed,
  IdentityDecision,
  OwnStatus,
  SeenIdentity,
  UserAssignedIdentity,
} from './facts.ts';
import { ownerOf, ownStatus } from './own.ts';
import { resolveTarget } from './target.ts';
import { outputsOf } from './write/output.ts';
import { isSomebodyElses, takeMarksBack } from './write/overwritten.ts';

/**
 * The object is going. Taking away what azid gave needs no permission, so policies are asked only for where the
 * identity would be; and the object can always leave: at once by annotation, else after a bounded wait that names what
 * stays behind (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: UserAssignedIdentity,
  facts: Facts,
  failed?: Failed,
): IdentityDecision {
  const own = ownStatus(object);
  const { policy } = facts;
  const resolution = resolveTarget(object, policy.defaults, facts.marked, facts.proven);
  const released = object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true';
  if (!resolution.resolved) {
    // A status that a restore emptied may have been filled from a policy's defaults.
    if (policy.unseen && !released)
      return {
        actions: [],
        status: own,
        summary: { state: 'deleting', message: policy.unseen.message, againMs: RECHECK_OUTSIDE_MS },
      };
    // Without coordinates nothing was ever made: they are pinned before the first write.
    return leave(object, facts, own);
  }
  const { id } = resolution.target;

  if (released) {
    return leave(
      object,
      facts,
      own,
      `released by annotation ${RELEASE_ANNOTATION}; identity ${id}, if it exists, stays in Azure`,
    );
  }
  if (failed) return blocked(object, facts, own, id, failed.failure);

  const view = facts.azure;
  switch (view?.state) {
    case undefined:
    case 'loading':
      return {
        actions: [],
        status: own,
        summary: { state: 'deleting', message: `reading identity ${id}`, againMs: 1_000 },
      };
    case 'unreadable':
      return blocked(object, facts, own, id, view.failure);
    case 'absent':
      if (view.missing === 'subscription') {
        return blocked(object, facts, own, id, {
          kind: 'stalled',
          reason: 'SubscriptionNotFound',
          message: `the subscription of ${id} does not exist or azid cannot see it`,
          ambiguous: false,
          error: undefined,
        });
      }
      if (view.conclusive) return leave(object, facts, own);
      return {
        actions: [],
        status: own,
        conditions: unblocked(object),
        summary: {
          state: 'deleting',
          message: `Azure does not show ${id}, but it was written to a moment ago; azid looks again before letting go`,
          againMs: view.conclusiveInMs,
        },
      };
    case 'present':
      return takeAway(object, facts, own, id, view.identity);
  }
}

function takeAway(
  object: UserAssignedIdentity,
  facts: Facts,
  own: OwnStatus,
  id: string,
  identity: SeenIdentity,
): IdentityDecision {
  const owner = ownerOf(object, facts);
  const ownership = ownershipOf(identity.tags, owner);
  const retain = object.spec.deletionPolicy === 'Retain';
  if (isSelf(facts, identity))
    return leave(object, facts, own, `identity ${id} is azid's own; left as it is`);
  if (ownership.state === 'retainedForMe' && retain) return leave(object, facts, own);
  if (ownership.state !== 'mine') {
    // Only what carries this object's mark is taken away; a stripped mark may be somebody's way of taking it over.
    const claimed = own.id !== undefined;
    return leave(
      object,
      facts,
      own,
      claimed ? `identity ${id} no longer carries this object's mark; left as it is` : undefined,
    );
  }
  if (isSomebodyElses(object, facts, identity)) return takeMarksBack(object, identity);
  const working = (message: string, actions: Action[], againMs = 0): IdentityDecision => ({
    actions,
    status: own,
    summary: { state: 'deleting', message, againMs },
  });
  if (retain) {
    return working(`marking identity ${id} as retained`, [
      {
        type: 'updateIdentity',
        id,
        tags: { ...withoutMarks(identity.tags), ...retainedMarks(owner) },
        event: {
          type: 'Normal',
          reason: 'Retained',
          action: 'Update',
          message: `identity ${id} is kept in Azure, marked as retained`,
        },
      },
    ]);
  }
  if (facts.references.length > 0) {
    return {
      actions: [],
      status: own,
      summary: {
        state: 'deleting',
        reason: 'InUse',
        message: `identity ${id} is referred to by ${facts.references.join(', ')}; delete these first`,
        againMs: 30_000,
      },
      conditions: unblocked(object),
    };
  }
  const [leftover] = facts.leftovers;
  if (leftover !== undefined) {
    // Grants before their identity: of a dead principal an assignment would stay for ever (docs/azure-facts.md section 6).
    return working(`deleting what azid left on identity ${id}`, [
      {
        type: 'deleteLeftover',
        id: leftover,
        event: {
          type: 'Normal',
          reason: 'Revoked',
          action: 'Delete',
          message: `deleted role assignment ${leftover}, which azid had made for identity ${id} and no object owns any more`,
        },
      },
    ]);
  }
  return working(`deleting identity ${id}`, [
    {
      type: 'deleteIdentity',
      id,
      event: { type: 'Normal', reason: 'Deleted', action: 'Delete', message: `deleted identity ${id}` },
    },
  ]);
}

/** Azure refuses: wait for it to be mended, but not for ever. */
function blocked(
  object: UserAssignedIdentity,
  facts: Facts,
  own: OwnStatus,
  id: string,
  failure: Failure,
): IdentityDecision {
  const block = blockOf(object, facts, failure);
  if (block.state === 'over')
    return leave(object, facts, own, `${block.after}; identity ${id} stays in Azure: ${failure.message}`);
  return { actions: [], status: own, conditions: block.conditions, summary: block.summary };
}

/** Nothing of this object's is left to take away, or it must stay: say so and let go. */
function leave(
  object: UserAssignedIdentity,
  facts: Facts,
  own: OwnStatus,
  leftBehind?: string,
): IdentityDecision {
  const outputs: Action[] = outputsOf(object, facts).map(({ name, uid }) => ({
    type: 'deleteConfigMap',
    name,
    uid,
  }));
  const told: Action[] = leftBehind
    ? [
        {
          type: 'recordEvent',
          event: { type: 'Warning', reason: 'LeftBehind', action: 'Delete', message: leftBehind },
        },
      ]
    : [];
  return {
    actions: [...outputs, ...told, { type: 'removeFinalizer' }],
    status: own,
    summary: { state: 'deleting', message: `letting go of ${object.metadata.name}`, againMs: 0 },
  };
}
