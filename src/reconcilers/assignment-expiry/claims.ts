import { sameAssignmentId } from '../../azure/azure-role-assignment.ts';
import { sameId } from '../../azure/names/resource-id.ts';
import { keyOf } from '../../kube/types.ts';
import { policyFor } from '../../policy/evaluate.ts';
import type { Failure } from '../decision.ts';
import type { ReconcileContext } from '../kind.ts';
import type { ProvenIdentity } from '../proof/proven.ts';
import type { RoleGrant } from '../role-grant/facts.ts';
import { expiryOf, isExpired } from '../role-grant/object.ts';
import type { SeenAssignment } from '../role-grant/observed.ts';
import { type CoOwnerDeps, candidates, wishOf } from '../role-grant/ownership/co-owners.ts';
import { mayBeAllowed } from '../role-grant/ownership/given.ts';
import { mayAskFor } from '../role-grant/target/may-ask-for.ts';
import { isAsked, roleOf, scopeProblem } from '../role-grant/target/target.ts';
import { referredIdentity, referredSystemIdentity } from '../stores.ts';
import type { AssignmentExpiry, Claim, Facts } from './facts.ts';

/**
 * Who may have the assignment beyond its recorded end: RoleGrants that live, ask for it, have not ended by their own spec, and
 * that a policy allows just that now. What they hold already does not count: a status proves nothing.
 */
export async function claimsOn(
  assignment: Pick<SeenAssignment, 'id' | 'scope' | 'roleGuid' | 'principalId'>,
  context: ReconcileContext,
  parts: Omit<CoOwnerDeps, 'firstSeen'>,
): Promise<Pick<Facts, 'claims' | 'unclear' | 'loading'>> {
  // How young a principal is matters only to a grant's own reconcile.
  const deps: CoOwnerDeps = { ...parts, firstSeen: new Map() };
  const { id: assignmentId, scope, principalId } = assignment;
  const claims: Claim[] = [];
  let unclear: Failure | undefined;
  let loading: string | undefined;
  for (const grant of candidates(assignmentId, principalId, deps)) {
    const endsAt = expiryOf(grant);
    if (grant.metadata.deletionTimestamp || isExpired(grant, deps.clock.now())) continue;
    // Before anything is read: what cannot be read elsewhere must not hold up this end.
    if (!isAt(grant, scope)) continue;
    const policy = policyFor(grant, deps.stores);
    if (policy.unseen) {
      if (mayAskFor(grant, assignment, deps)) loading = `namespace ${policy.namespace}`;
      continue;
    }
    if (!policy.allowsAnyGrantAt(scope).allowed) continue;
    // The owner of an identity may have to be read first: nothing is decided from a cache that does not show it yet.
    const proofs: ProvenIdentity[] = [];
    for (const ref of referredIdentity(grant))
      if (!deps.proofs.known(ref)) proofs.push(await deps.proofs.prove(ref, context));
    for (const ref of referredSystemIdentity(grant))
      if (!deps.systemProofs.known(ref)) proofs.push(await deps.systemProofs.prove(ref, context));
    const missing = awaitedReference(grant, assignment, deps);
    if (missing !== undefined) loading = missing;
    for (const proof of proofs) {
      if (proof.state === 'unreadable') unclear = proof.failure;
      if (proof.state === 'loading') loading = `the first list of subscription ${proof.subscriptionId}`;
    }
    const wish = await wishOf(grant, context, deps);
    if (!wish) {
      // A role that cannot be read now is no reason either: an end that comes late is better than a role taken from a
      // grant that may have it.
      const role = await roleOf(grant, context, deps);
      if (role.state === 'unreadable') unclear = role.failure;
      continue;
    }
    if (!wish.allowed || !isAsked(wish.target, assignmentId)) continue;
    const { condition } = grant.spec;
    claims.push({
      key: keyOf(grant),
      ...(endsAt !== undefined && { endsAt }),
      ...(condition && { condition: condition.expression }),
    });
  }
  return { claims, ...(unclear && { unclear }), ...(loading !== undefined && { loading }) };
}

/**
 * What has the principal is marked for an object that the grant refers to and that is not there, or does not show it as its own yet: as
 * after a restore, it may have yet to come. Then the grant asks for just this assignment, and may have it.
 */
function awaitedReference(
  grant: RoleGrant,
  assignment: Pick<SeenAssignment, 'scope' | 'roleGuid' | 'principalId'>,
  deps: CoOwnerDeps,
): string | undefined {
  const { stores, proofs, systemProofs, references } = deps;
  const { principalId } = assignment;
  const { uid } = grant.metadata;
  const mayHave = () => mayAskFor(grant, assignment, deps) && mayBeAllowed(grant, assignment, deps);
  for (const ref of referredIdentity(grant)) {
    const isOpen = proofs.isPrincipalOf(principalId, ref) && !proofs.known(ref) && mayHave();
    if (isOpen && references.isAwaited(uid, ref, stores.identities, false))
      return `UserAssignedIdentity ${ref}, which has yet to come back`;
  }
  for (const ref of referredSystemIdentity(grant)) {
    const isOpen = systemProofs.isPrincipalOf(principalId, ref) && !systemProofs.known(ref) && mayHave();
    if (isOpen && references.isAwaited(uid, ref, stores.systemIdentities, false))
      return `SystemAssignedIdentity ${ref}, which has yet to come back`;
  }
  return undefined;
}

/** Of what is no scope, false. */
function isAt(grant: RoleGrant, scope: string): boolean {
  return scopeProblem(grant) === undefined && sameId(grant.spec.scope, scope);
}

/** Owners that live. `showing`: those of them whose status still names the assignment. */
export function livingOwners(
  { spec }: AssignmentExpiry,
  { stores }: Pick<CoOwnerDeps, 'stores'>,
): { readonly living: readonly string[]; readonly showing: readonly string[] } {
  const grants = spec.owners.flatMap(({ namespace, name, uid }) => {
    const grant = stores.grants.get(`${namespace}/${name}`);
    return grant?.metadata.uid === uid ? grant : [];
  });
  const showing = grants.filter(({ status }) =>
    [...(status?.ledger ?? []), status?.assignmentId].some((id) => sameAssignmentId(id, spec.assignmentId)),
  );
  const named = (grant: RoleGrant) => `RoleGrant ${keyOf(grant)}`;
  return { living: grants.map(named), showing: showing.map(named) };
}
