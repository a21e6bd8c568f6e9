import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { AzureRoleAssignment } from '../azure/azure-role-assignment.ts';
import { proveOwnership } from '../azure/names/assignment-name.ts';
import { armKey, parseResourceId } from '../azure/names/resource-id.ts';
import type { RoleAssignments } from '../azure/role-assignments.ts';
import type { AssignmentCache } from '../cache/assignments/assignments.ts';
import type { ClusterIssuer } from '../kube/access/cluster-issuer.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../kube/types.ts';
import { policyFor } from '../policy/policy-for.ts';
import { allowedAttachments, hostsToLeave } from './dependent-hosts.ts';
import { failureOf } from './failure.ts';
import { requestOf } from './federated-identity-credential/request.ts';
import type { VisitContext } from './kind.ts';
import type { IdentityProofs } from './proof/identity-proofs.ts';
import { isExpired } from './role-grant/own.ts';
import { type PeerEyes, wishOf } from './role-grant/peers.ts';
import { INDEX, type Stores } from './stores.ts';

/** What hangs on an identity, in Kubernetes and in Azure: asked when it is to be deleted. */
export interface Dependents {
  /**
   * Objects that refer to a UserAssignedIdentity, are not going themselves, and may, by kind and key; and the resources
   * that azid is still to detach it from. Sorted.
   */
  referencesTo(identity: ObjectKey, context: VisitContext): Promise<readonly string[]>;
  /**
   * Grants that refer to a SystemAssignedIdentity, are not going themselves, and may, by kind and key, sorted. One that
   * is deleted with `deletionPolicy: Delete` waits for them before it is switched off, since of a dead principal an
   * assignment would stay for ever; with `Retain` its principal lives on, and nobody need wait.
   */
  referencesToSystemIdentity(identity: ObjectKey, context: VisitContext): Promise<readonly string[]>;
  /**
   * Role assignments of its principal that prove to be azid's own and that no object has in its ledger.
   *
   * @param identity `id`: of the identity, or of the resource whose own it is
   */
  leftoversOf(
    identity: { readonly id: string; readonly principalId: string },
    context: VisitContext,
  ): Promise<readonly string[]>;
}

export interface DependentsParts extends PeerEyes {
  readonly stores: PeerEyes['stores'] & Pick<Stores, 'credentials' | 'attachments' | 'hosts'>;
  readonly proofs: PeerEyes['proofs'] & Pick<IdentityProofs, 'placeOf'>;
  readonly assignments: Pick<RoleAssignments, 'list'>;
  readonly assignmentMirror: Pick<AssignmentCache, 'byIndex' | 'believes'>;
  readonly clusterIssuer: Pick<ClusterIssuer, 'current'>;
  readonly federationAudience: string;
  /** How long resources that cannot be changed may hold an identity; 1 h by default (docs/guarantees.md G18). */
  readonly releaseAfterMs?: number;
}

/**
 * Only what a policy allows counts as a reference: else whoever may make objects in a namespace could hold an identity
 * for ever. Credentials that nobody owns need no removal of their own, as Azure deletes them with the identity.
 */
export function dependentsOn(parts: DependentsParts): Dependents {
  const { stores } = parts;
  const hosting = { ...stores, placeOf: (object: UserAssignedIdentity) => parts.proofs.placeOf(object) };
  return {
    async referencesTo(identity, context) {
      const since = stores.identities.get(identity)?.metadata.deletionTimestamp;
      const grants = stores.grants.byIndex(INDEX.identityRef, identity).filter(holdsSomething(since));
      const found = [
        ...(await allowedGrants(grants, context, parts)),
        ...(await allowedCredentials(identity, since, context, parts)),
        ...allowedAttachments(identity, hosting, since),
        ...hostsToLeave(identity, hosting, parts.clock.now(), parts.releaseAfterMs),
      ];
      return found.toSorted();
    },
    async referencesToSystemIdentity(identity, context) {
      const since = stores.systemIdentities.get(identity)?.metadata.deletionTimestamp;
      const grants = stores.grants.byIndex(INDEX.systemIdentityRef, identity).filter(holdsSomething(since));
      return (await allowedGrants(grants, context, parts)).toSorted();
    },
    async leftoversOf({ id, principalId }, context) {
      const isLeftover = (each: AzureRoleAssignment) =>
        each.principalId === principalId.toLowerCase() &&
        proveOwnership(each, parts.installationId) &&
        stores.grants.keysByIndex(INDEX.assignment, armKey(each.key)).length === 0;
      const { assignmentMirror } = parts;
      const found = new Map(
        assignmentMirror
          .byIndex('principal', principalId)
          .filter(isLeftover)
          .map((each) => [each.key, each] as const),
      );
      try {
        // Also those that no list in use shows.
        const scope = `/subscriptions/${parseResourceId(id).subscriptionId}`;
        // Such a list goes on showing for a while what was deleted a moment ago.
        for await (const page of parts.assignments.list(scope, { principalId }, context))
          for (const each of page.assignments.filter(isLeftover))
            if (await assignmentMirror.believes(each, page.requestedAt, context)) found.set(each.key, each);
      } catch (error) {
        // What cannot be listed stays, as an orphan that names its maker; the identity need not wait for it.
        if (!failureOf(error)) throw error;
      }
      return [...found.values()].map(({ id: leftover }) => leftover).toSorted();
    },
  };
}

async function allowedGrants(
  grants: ReturnType<Stores['grants']['byIndex']>,
  context: VisitContext,
  parts: DependentsParts,
): Promise<string[]> {
  const { stores, clock } = parts;
  const names: string[] = [];
  for (const grant of grants) {
    if (grant.metadata.deletionTimestamp || isExpired(grant, clock.now())) continue;
    const policy = policyFor(grant, stores);
    const holds = (grant.status?.ledger?.length ?? 0) > 0;
    // A role that cannot be read just now is no reason to pull the identity from under what was granted; neither is a
    // namespace that was not seen yet.
    const may = policy.unseen
      ? holds
      : ((await wishOf(grant, context, parts))?.allowed ??
        (holds && policy.allowsAnyGrantAt(grant.spec.scope).allowed));
    if (may) names.push(`RoleGrant ${keyOf(grant)}`);
  }
  return names;
}

/**
 * Nothing new is given on an identity that is on its way out, so an object made since then holds it only by what its
 * ledger says it has: made again by a restore, say.
 *
 * @param since when the identity's deletion began
 */
function holdsSomething(since: string | undefined) {
  return ({ metadata, status }: KubeObject & { status?: { ledger?: readonly string[] | undefined } }) =>
    since === undefined || metadata.creationTimestamp <= since || (status?.ledger?.length ?? 0) > 0;
}

async function allowedCredentials(
  identity: ObjectKey,
  since: string | undefined,
  context: VisitContext,
  { stores, clusterIssuer, federationAudience }: DependentsParts,
): Promise<string[]> {
  const credentials = stores.credentials
    .byIndex(INDEX.identityRef, identity)
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .filter(holdsSomething(since));
  if (credentials.length === 0) return [];
  const facts = {
    clusterIssuer: await clusterIssuer.current(context.signal),
    defaultAudience: federationAudience,
  };
  return credentials
    .filter((each) => {
      const policy = policyFor(each, stores);
      return policy.unseen ? (each.status?.ledger?.length ?? 0) > 0 : requestOf(each, facts, policy).granted;
    })
    .map((each) => `FederatedIdentityCredential ${keyOf(each)}`);
}
