import { ownershipOf } from '../../azure/names/identity-marks.ts';
import { describeConflicts } from '../../policy/defaults.ts';
import type { NamespacePolicy } from '../../policy/evaluate.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { Summary } from '../decision.ts';
import { noLonger, notAllowed, ownStatusOf, stalledInside, summaryOf } from '../status/summary.ts';
import { decideClaim } from './claim.ts';
import { decideDeletion } from './deletion.ts';
import type { Facts, Failed, IdentityDecision, UserAssignedIdentity } from './facts.ts';
import { ownerOf, resolveTarget } from './object.ts';
import { waitingForList, whileSearched } from './search-summary.ts';
import { decideCreation } from './write/create.ts';
import { maintain } from './write/maintain.ts';
import { tagFault } from './write/tags.ts';
import { isForeign, isOnRecord, takeMarksBack, withdrawContradicted } from './write/withdrawal.ts';

const SECOND = 'SecondIdentity';

/**
 * From what is known to what to do, for one UserAssignedIdentity. Pure: the controller performs the actions, observes again and decides
 * again until nothing is left to do, so every status shows what was observed, not what was tried.
 *
 * @param failed the action that failed just before, if one did
 */
export function decide(object: UserAssignedIdentity, facts: Facts, failed?: Failed): IdentityDecision {
  if (object.metadata.deletionTimestamp) return decideDeletion(object, facts, failed);
  return withSecond(object, facts, withdrawContradicted(object, facts) ?? decideLife(object, facts, failed));
}

function decideLife(object: UserAssignedIdentity, facts: Facts, failed?: Failed): IdentityDecision {
  const { disputed } = facts;
  // In every status from here on: another process must not take the marks for proof.
  const own = { ...ownStatusOf(object), ...(disputed !== undefined && { overwrittenPrincipalId: disputed }) };
  const stop = (summary: Summary, status = own): IdentityDecision => ({ actions: [], status, summary });

  const { policy } = facts;
  if (policy.unseen) return stop(notAllowed(object, policy.unseen));
  if (policy.conflicts.length > 0) return stop(stalledInside('PolicyConflict', describeConflicts(policy)));
  if (facts.search) return stop(whileSearched(object, facts.search));
  const resolution = resolveTarget(object, policy.defaults, facts.marked, facts.proven);
  if (!resolution.resolved) return stop(unresolved(policy, resolution.missing));
  const { target } = resolution;
  const verdict = policy.allowsIdentity(target.id);
  if (!verdict.allowed) return stop(notAllowed(object, verdict));
  const fault = tagFault(policy.defaults.tags, object.spec.tags ?? {});
  if (fault !== undefined) return stop(stalledInside('InvalidTags', fault));

  if (failed && failed.failure.kind !== 'alreadyExists') {
    // A refusal is an answer: nothing was made, so no later GET has to wait for Azure's lag.
    const refused = failed.action.type === 'createIdentity' && !failed.failure.ambiguous;
    return stop(summaryOf(failed.failure), refused ? { ...own, createStartedAt: undefined } : own);
  }

  const observed = facts.azure;
  switch (observed?.state) {
    case undefined:
    case 'loading':
      return stop({
        // The list enqueues the objects whose identity it shows; the recheck is for the others.
        ...waitingForList(target.coordinates.subscriptionId),
        // Only objects without a pending edit wait for a list: their status is still valid.
        keep: object.status?.observedGeneration === object.metadata.generation,
      });
    case 'unreadable':
      return stop(summaryOf(observed.failure));
    case 'absent':
      return decideCreation(object, facts, target, observed, policy, verdict.policy);
    case 'present': {
      const { identity } = observed;
      const marked = ownershipOf(identity.tags, ownerOf(object, facts)).state === 'mine';
      const overwritten = failed ? !isOnRecord(facts, identity) : isForeign(object, facts, identity);
      if (overwritten && (failed || marked)) return takeMarksBack(object, identity);
      const claim = decideClaim(object, facts, policy, target, identity);
      if (!claim.granted) return stop(claim.summary);
      return maintain(
        object,
        facts,
        target,
        identity,
        policy,
        claim.event ?? `policy ${verdict.policy}`,
        claim.reason,
      );
    }
  }
}

function unresolved(policy: NamespacePolicy, missing: readonly string[]): Summary {
  if (policy.policies.length === 0) {
    return stalledInside(
      'PolicyDenied',
      `no IdentityPolicy selects namespace ${policy.namespace}; ask an administrator for an IdentityPolicy that does`,
    );
  }
  const fields = missing.map((field) => `spec.${field}`).join(', ');
  return stalledInside(
    'MissingCoordinates',
    `${fields}: expected a value, got none, and no IdentityPolicy of namespace ${policy.namespace} has a default; set it in a new object or in a policy's defaults`,
  );
}

/**
 * Another identity with the object's marks: one that an earlier object of its name left elsewhere, or a copy of its own. Nothing is
 * taken over or taken away for it; it is reported for as long as it is there.
 */
function withSecond(
  object: UserAssignedIdentity,
  { second }: Pick<Facts, 'second'>,
  decision: IdentityDecision,
): IdentityDecision {
  const found = findingOf(object, second);
  return found.length === 0
    ? decision
    : { ...decision, conditions: [...(decision.conditions ?? []), ...found] };
}

function findingOf(object: UserAssignedIdentity, second: Facts['second']): readonly Finding[] {
  if (second && second.length > 0) {
    const [carries, it] = second.length === 1 ? ['carries', 'it'] : ['carry', 'them'];
    const message = `${second.join(' and ')} ${carries} the tags of this object as well: an earlier object of this name left ${it}, or somebody copied its identity; azid leaves ${it} alone: delete ${it}, or take the tags azid-owner and azid-owner-uid off`;
    return [{ type: SECOND, status: 'True', reason: 'MarkedElsewhere', message }];
  }
  if (!second) return [];
  const message = 'no other identity carries the tags of this object';
  return noLonger(object, SECOND, { reason: 'NotMarked', message });
}
