import { isFinalized } from '../../api/schema/common.ts';
import type { AzureRoleAssignment } from '../../azure/azure-role-assignment.ts';
import { proveOwnership } from '../../azure/names/assignment-name.ts';
import { armKey, parseResourceId } from '../../azure/names/resource-id.ts';
import type { RoleAssignments } from '../../azure/role-assignments.ts';
import { type AssignmentCache, assignmentsOfPrincipal } from '../../cache/assignments.ts';
import { keyOf, splitKey } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import { type Hold, holdsSince } from '../holds.ts';
import type { ReconcileContext } from '../kind.ts';
import { failureOf } from '../status/failure.ts';
import { INDEX, referredIdentity, referredSystemIdentity } from '../stores.ts';
import type { RoleGrant } from './facts.ts';
import { isExpired } from './object.ts';
import { type CoOwnerDeps, wishOf } from './ownership/co-owners.ts';
import { type GivenDeps, wasGiven } from './ownership/given.ts';
import { markOf } from './ownership/owners.ts';
import { mayAskFor } from './target/may-ask-for.ts';

/** The grants that hold an identity, and the assignments that would be left of one: both of its principal. */

export const holds: readonly Hold<RoleGrant, CoOwnerDeps>[] = [
  {
    of: 'UserAssignedIdentity',
    identitiesOf: referredIdentity,
    holders(identity, deps, context) {
      const since = deps.stores.identities.get(identity)?.metadata.deletionTimestamp;
      return allowedGrants(INDEX.identityRef, identity, since, context, deps);
    },
  },
  /**
   * One that is deleted with `deletionPolicy: Delete` waits before it is switched off, since of a dead principal an
   * assignment would stay for ever; with `Retain` its principal lives on, and nothing has to wait.
   */
  {
    of: 'SystemAssignedIdentity',
    identitiesOf: referredSystemIdentity,
    holders(identity, deps, context) {
      const since = deps.stores.systemIdentities.get(identity)?.metadata.deletionTimestamp;
      return allowedGrants(INDEX.systemIdentityRef, identity, since, context, deps);
    },
  },
];

async function allowedGrants(
  index: string,
  identity: string,
  since: string | undefined,
  context: ReconcileContext,
  deps: CoOwnerDeps,
): Promise<string[]> {
  const { stores, clock } = deps;
  const names: string[] = [];
  for (const grant of stores.grants.byIndex(index, identity).filter(holdsSince(since))) {
    if (grant.metadata.deletionTimestamp || isExpired(grant, clock.now())) continue;
    const policy = policyFor(grant, stores);
    const has = (grant.status?.ledger?.length ?? 0) > 0;
    // A role that cannot be read just now is no reason to pull the identity from under what was granted; neither is a
    // namespace that was not seen yet.
    const may = policy.unseen
      ? has
      : ((await wishOf(grant, context, deps))?.allowed ??
        (has && policy.allowsAnyGrantAt(grant.spec.scope).allowed));
    if (may) names.push(`RoleGrant ${keyOf(grant)}`);
  }
  return names;
}

export interface LeftoverDeps extends GivenDeps {
  readonly assignments: Pick<RoleAssignments, 'list'>;
  readonly assignmentCache: Pick<AssignmentCache, 'byIndex' | 'believes'>;
}

/** What is about to end, with its principal. */
export interface EndingIdentity {
  /** Of the identity, or of the resource whose own it is. */
  readonly id: string;
  readonly principalId: string;
  /** Of its object. */
  readonly namespace: string;
}

/**
 * Role assignments of a principal that prove to be azid's own and that no object stands for: none has it in its ledger, unless that is
 * all that says so, and the mark on it names none that is there and may mean it, nor one of another namespace, which may have
 * retained it.
 */
export async function leftoversOf(
  { id, principalId, namespace }: EndingIdentity,
  context: ReconcileContext,
  deps: LeftoverDeps,
): Promise<readonly string[]> {
  const { stores, assignmentCache, installationId } = deps;
  const holders = (key: string) => stores.grants.byIndex(INDEX.assignment, armKey(key));
  const isMarkedFor = (each: AzureRoleAssignment): boolean => {
    const mark = markOf(each.description, installationId);
    if (!mark) return false;
    if (splitKey(mark.key).namespace !== namespace) return true;
    const named = stores.grants.get(mark.key);
    return named !== undefined && !isFinalized(named) && mayAskFor(named, each, deps);
  };
  const isLeftover = (each: AzureRoleAssignment) =>
    each.principalId === principalId.toLowerCase() &&
    proveOwnership(each, installationId) &&
    !isMarkedFor(each) &&
    !holders(each.key).some(
      (holder) => !isFinalized(holder) && wasGiven(holder, each.id, each, deps) !== 'notGiven',
    );
  const found = new Map(
    assignmentCache
      .byIndex('principal', principalId)
      .filter(isLeftover)
      .map((each) => [each.key, each] as const),
  );
  try {
    // Also those that no list in use shows.
    const scope = `/subscriptions/${parseResourceId(id).subscriptionId}`;
    for await (const each of assignmentsOfPrincipal(scope, principalId, isLeftover, context, deps))
      found.set(each.key, each);
  } catch (error) {
    // What cannot be listed stays, as an orphan that names its maker; the identity need not wait for it.
    if (!failureOf(error)) throw error;
  }
  return [...found.values()].map(({ id: leftover }) => leftover).toSorted();
}
