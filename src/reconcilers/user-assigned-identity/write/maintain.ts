import { isObserved, isSuspended } from '../../../api/schema/common.ts';
import {
  keptMakers,
  type Owner,
  ownerMarks,
  ownershipOf,
  type Tags,
  withMaker,
} from '../../../azure/names/identity-marks.ts';
import { sameRegion } from '../../../azure/names/text.ts';
import type { NamespacePolicy } from '../../../policy/evaluate.ts';
import { RECHECK_READY_MS, type Summary } from '../../decision.ts';
import { finalizerOf, ownStatusOf, stalledOutside } from '../../status/summary.ts';
import type { Facts, IdentityDecision, OwnStatus, SeenIdentity, UserAssignedIdentity } from '../facts.ts';
import { ownerOf, type Target } from '../object.ts';
import { decideOutput } from '../output.ts';
import { keysOf, tagChange, wantedTags } from './tags.ts';
import { otherHolders } from './withdrawal.ts';

/** The identity is this object's to keep: tags, isolation scope, finalizer, status and output are brought in line. */
export function maintain(
  object: UserAssignedIdentity,
  facts: Facts,
  target: Target,
  identity: SeenIdentity,
  policy: NamespacePolicy,
  under: string,
  reason: string,
): IdentityDecision {
  const own = ownStatusOf(object);
  if (!sameRegion(identity.location, target.coordinates.location)) {
    return {
      actions: [],
      status: own,
      summary: stalledOutside(
        'LocationMismatch',
        `identity ${target.id} is in ${identity.location}, expected ${target.coordinates.location}; an identity cannot move: delete it in Azure, or make an object with that location`,
      ),
    };
  }
  const tags = wantedTags(policy.defaults.tags, object.spec.tags ?? {});
  const owned = own.tagKeys ?? [];
  const owner = ownerOf(object, facts);
  const marks = { ...ownerMarks(owner), ...makersOf(identity, owner, reason, facts) };
  const nextTags = tagChange(identity.tags, tags, marks, owned);
  const { isolationScope } = object.spec;
  const isolate = isolationScope !== undefined && isolationScope !== (identity.isolationScope ?? 'None');
  const status: OwnStatus = {
    ...own,
    id: identity.id,
    clientId: identity.clientId,
    principalId: identity.principalId,
    tenantId: identity.tenantId,
    coordinates: target.coordinates,
    tagKeys: keysOf(tags),
    overwrittenPrincipalId: undefined,
    ...(facts.wroteAt !== undefined && { lastWriteTime: new Date(facts.wroteAt).toISOString() }),
  };
  const working: Summary = {
    state: 'progressing',
    reason: 'Updating',
    message: `updating identity ${target.id}`,
    againMs: 0,
  };

  if (nextTags || isolate) {
    // Before the write the status names both the old tags and the new: after a crash azid recognizes either as its own.
    const intent: OwnStatus = {
      ...own,
      coordinates: target.coordinates,
      tagKeys: [...new Set([...owned, ...keysOf(tags)])].sort(),
      overwrittenPrincipalId: undefined,
    };
    const known =
      own.coordinates !== undefined &&
      own.overwrittenPrincipalId === undefined &&
      intent.tagKeys?.length === owned.length;
    return {
      actions: [
        ...finalizerOf(object),
        ...(known
          ? []
          : [
              {
                type: 'saveStatus',
                status: intent,
                why: 'the tags azid sets must be known before they are set',
              } as const,
            ]),
        // Only a write that sets marks: it is a takeover unless the object had the identity before.
        ...(nextTags ? otherHolders(object, facts, identity) : []),
        {
          type: 'updateIdentity',
          id: target.id,
          ...(nextTags && { tags: nextTags }),
          ...(isolate && { isolationScope }),
          event: {
            type: 'Normal',
            reason,
            action: 'Update',
            message: `${describeChange(nextTags !== undefined, isolate)} of identity ${target.id} set as declared, ${under}`,
            ...(isObserved(object) && { drift: { id: target.id, how: 'changed' } }),
          },
        },
      ],
      status,
      summary: working,
    };
  }
  if (own.principalId !== undefined && own.principalId !== identity.principalId) {
    return {
      actions: [
        // First, as this status still says Ready: what waited for that must not read the old ids.
        ...decideOutput(object, facts, status, working).actions,
        { type: 'saveStatus', status, why: 'the identity has a new principal' },
        {
          type: 'recordEvent',
          event: {
            type: 'Warning',
            reason: 'IdentityRecycled',
            action: 'Observe',
            message: `identity ${target.id} has a new principal, ${identity.principalId} in place of ${own.principalId}: it was deleted and made again`,
            drift: { id: target.id, how: 'removed' },
          },
        },
      ],
      status,
      summary: working,
    };
  }
  const missing = finalizerOf(object);
  if (missing.length > 0) return { actions: missing, status, summary: working };
  // Before it is Ready: marks that are stripped from then on are put back by any process of azid.
  if (facts.recorded !== identity.principalId && !isSuspended(object)) {
    const { principalId } = identity;
    return { actions: [{ type: 'recordPrincipal', principalId }], status, summary: working };
  }
  return decideOutput(object, facts, status, {
    state: 'ready',
    reason: 'Ready',
    message: `identity ${identity.id} is as declared`,
    nextMs: RECHECK_READY_MS,
  });
}

/**
 * The maker is recorded only when azid takes the identity over: where no tag names one later, the tag may have been removed, or the
 * identity is older than the tag.
 */
function makersOf({ tags }: SeenIdentity, owner: Owner, reason: string, { self }: Facts): Tags {
  const isNew = reason === 'Adopted' && ownershipOf(tags, owner).state === 'unmarked';
  return isNew ? withMaker(tags, self?.principalId) : keptMakers(tags, self?.principalId);
}

function describeChange(tags: boolean, isolation: boolean): string {
  return [tags && 'tags', isolation && 'isolation scope'].filter(Boolean).join(' and ');
}
