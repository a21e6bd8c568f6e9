import { ownerMarks, withMaker } from '../../../azure/names/identity-marks.ts';
import type { NamespacePolicy } from '../../../policy/evaluate.ts';
import type { Summary } from '../../decision.ts';
import { finalizerOf, ownStatusOf, stalledOutside } from '../../status/summary.ts';
import { decideClaim } from '../claim.ts';
import type { Facts, IdentityDecision, ObservedInAzure, OwnStatus, UserAssignedIdentity } from '../facts.ts';
import { ownerOf, type Target } from '../object.ts';
import { keysOf, wantedTags } from './tags.ts';

/** A GET found nothing: make the identity, once that is certain and no other object comes first. */
export function decideCreation(
  object: UserAssignedIdentity,
  facts: Facts,
  target: Target,
  observed: Extract<ObservedInAzure, { state: 'absent' }>,
  policy: NamespacePolicy,
  allowedBy: string,
): IdentityDecision {
  const own = ownStatusOf(object);
  const { subscriptionId, resourceGroup, location } = target.coordinates;
  const stop = (summary: Summary): IdentityDecision => ({ actions: [], status: own, summary });
  if (observed.missing === 'subscription') {
    return stop(
      stalledOutside(
        'SubscriptionNotFound',
        `subscription ${subscriptionId} does not exist or azid cannot see it; correct the id, or give azid rights there`,
      ),
    );
  }
  if (observed.missing === 'resourceGroup') {
    return stop(
      stalledOutside(
        'ResourceGroupNotFound',
        `resource group ${resourceGroup} does not exist in subscription ${subscriptionId}; azid makes no resource groups: create it, or name another`,
      ),
    );
  }
  if (!observed.conclusive) {
    return stop({
      state: 'progressing',
      reason: 'ConfirmingAbsence',
      message: `Azure does not show ${target.id} yet; it was written to a moment ago, so azid reads it again before making it anew`,
      againMs: observed.conclusiveInMs,
    });
  }
  const claim = decideClaim(object, facts, policy, target, undefined);
  if (!claim.granted) return stop(claim.summary);

  const tags = wantedTags(policy.defaults.tags, object.spec.tags ?? {});
  const again = own.principalId !== undefined;
  const intent: OwnStatus = {
    ...own,
    coordinates: target.coordinates,
    createStartedAt: new Date(facts.now).toISOString(),
    tagKeys: keysOf(tags),
    overwrittenPrincipalId: undefined,
  };
  return {
    actions: [
      ...finalizerOf(object),
      { type: 'saveStatus', status: intent, why: 'the intent to make the identity must survive a crash' },
      {
        type: 'createIdentity',
        id: target.id,
        location,
        tags: { ...tags, ...ownerMarks(ownerOf(object, facts)), ...withMaker({}, facts.self?.principalId) },
        ...(object.spec.isolationScope !== undefined && { isolationScope: object.spec.isolationScope }),
        event: again
          ? {
              type: 'Warning',
              reason: 'Recreated',
              action: 'Create',
              message: `identity ${target.id} had vanished from Azure; made again under policy ${allowedBy}, with a new principal`,
              drift: { id: target.id, how: 'removed' },
            }
          : {
              type: 'Normal',
              reason: 'Created',
              action: 'Create',
              message: `made identity ${target.id} under policy ${allowedBy}`,
            },
      },
    ],
    status: intent,
    summary: {
      state: 'progressing',
      reason: 'Creating',
      message: `making identity ${target.id}`,
      againMs: 0,
    },
  };
}
