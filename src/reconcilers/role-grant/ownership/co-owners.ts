import { isSuspended } from '../../../api/schema/common.ts';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { asciiLower } from '../../../azure/names/ascii.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { keyOf, type ObjectKey } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/policy-for.ts';
import { INDEX, type Stores } from '../../stores.ts';
import { isRefusedByAzure } from '../../watches/refused-by-azure.ts';
import { hasEnded, isRecorded } from '../ends/ends.ts';
import type { CoOwner, ObservedRole, RoleGrant, Target } from '../facts.ts';
import { isExpired } from '../own.ts';
import { type Granted, mayAskFor } from '../target/may-ask-for.ts';
import { type KnownDeps, knownPrincipal, type PrincipalDeps } from '../target/principal.ts';
import { requestOf } from '../target/request.ts';
import { type RoleDeps, roleOf } from '../target/role.ts';
import { isAsked, targetOf } from '../target/target.ts';
import { markedFor } from './owners.ts';

export interface CoOwnerDeps extends RoleDeps, Omit<KnownDeps, 'stores'>, Pick<PrincipalDeps, 'proofs'> {
  readonly systemProofs: PrincipalDeps['systemProofs'];
  readonly stores: Pick<
    Stores,
    'grants' | 'identities' | 'systemIdentities' | 'policies' | 'namespaces' | 'expiries'
  >;
  readonly installationId: string;
}

/** What an object asks for, as far as it can be told without waiting for anybody. */
export interface Wish {
  readonly target: Target;
  readonly role: Extract<ObservedRole, { state: 'found' }>;
  /** Its policies allow it. */
  readonly allowed: boolean;
}

export async function wishOf(
  object: RoleGrant,
  context: CallContext,
  deps: CoOwnerDeps,
): Promise<Wish | undefined> {
  const principal = knownPrincipal(object, deps);
  if (!principal) return undefined;
  const role = await roleOf(object, context, deps);
  if (role.state !== 'found') return undefined;
  const target = targetOf(object, principal, role.role, deps.installationId);
  const policy = policyFor(object, deps.stores);
  return { target, role, allowed: policy.allowsGrant(requestOf(object, target, role)).allowed };
}

/** The assignment that is asked about. `granted`: what it grants, and what Azure shows written on it, as far as that is known. */
export interface Asked {
  readonly id: string;
  /** Who asks for it need not have it yet. */
  readonly granted?: (Granted & { readonly description?: string }) | undefined;
}

/**
 * The living objects besides `object` that ask for this assignment. One of which it cannot be told just now counts if its spec
 * may mean the assignment, and its status, the mark on the assignment or the record of its end says that it has it: nothing is taken
 * from it by mistake, and a forged status alone keeps nothing. One that is suspended and has it neither by
 * its ledger nor by the record of its end counts for nothing: it will not make it, so it keeps nobody from it and keeps it for nobody.
 */
export async function coOwnersOf(
  object: RoleGrant,
  { id, granted }: Asked,
  context: CallContext,
  deps: CoOwnerDeps,
): Promise<readonly CoOwner[]> {
  const coOwners: CoOwner[] = [];
  const marked = markedFor(granted?.description, deps.installationId);
  for (const other of candidates(id, granted?.principalId, deps, marked)) {
    const { uid, creationTimestamp, deletionTimestamp } = other.metadata;
    if (uid === object.metadata.uid || deletionTimestamp || isExpired(other, deps.clock.now())) continue;
    const wish = await wishOf(other, context, deps);
    const now = deps.clock.now();
    // What Azure shows written on the assignment; a later verdict of the policies decides over what was only wished for.
    const isMarked = !wish && keyOf(other) === marked && mayHaveAnything(other, deps);
    const isTold =
      isMarked || sameAssignmentId(other.status?.assignmentId, id) || isRecorded(id, other, now, deps);
    if (
      wish ? !isAsked(wish.target, id) : !isTold || !mayAskFor(other, granted ?? parseAssignmentId(id), deps)
    )
      continue;
    const ids = wish?.target.ids ?? [id];
    const holds =
      (isMarked || (other.status?.ledger?.some((entry) => isAsked({ ids }, entry)) ?? false)) &&
      !hasEnded(id, other, now, deps);
    if (isSuspended(other) && !holds && !isRecorded(id, other, now, deps)) continue;
    const { condition, description } = other.spec;
    coOwners.push({
      key: keyOf(other),
      uid,
      creationTimestamp,
      ...(condition && { condition: condition.expression }),
      ...(description !== undefined && { description }),
      allowed: wish?.allowed ?? false,
      holds,
      ...(isRefusedByAzure(other) && { refused: true }),
    });
  }
  return coOwners;
}

function mayHaveAnything(object: RoleGrant, { stores }: CoOwnerDeps): boolean {
  return policyFor(object, stores).allowsAnyGrantAt(object.spec.scope).allowed;
}

/**
 * Whoever may ask for the assignment.
 *
 * @param marked the key that is written on it
 */
export function candidates(
  id: string,
  principalId: string | undefined,
  deps: Grantees,
  marked?: string,
): readonly RoleGrant[] {
  const { grants } = deps.stores;
  const keys = new Set(grants.keysByIndex(INDEX.assignment, armKey(id)));
  if (marked !== undefined) keys.add(marked);
  if (principalId !== undefined) for (const key of grantsOfPrincipal(principalId, deps)) keys.add(key);
  return [...keys].flatMap((key) => grants.get(key) ?? []);
}

export interface Grantees {
  readonly stores: Pick<Stores, 'grants' | 'identities'>;
  readonly proofs: Pick<PrincipalDeps['proofs'], 'withPrincipal'>;
  readonly systemProofs: Pick<PrincipalDeps['systemProofs'], 'ofPrincipal'>;
}

/**
 * Keys of the grants that name the principal, were made for it, or refer to an identity that may be the one Azure shows
 * with it: too many rather than too few, as each is asked what it wants.
 */
export function grantsOfPrincipal(
  principalId: string,
  { stores: { grants, identities }, proofs, systemProofs }: Grantees,
): ReadonlySet<ObjectKey> {
  const keys = new Set(grants.keysByIndex(INDEX.principal, principalId.toLowerCase()));
  for (const { name } of proofs.withPrincipal(principalId))
    for (const identity of identities.keysByIndex(INDEX.azureName, asciiLower(name)))
      for (const key of grants.keysByIndex(INDEX.identityRef, identity)) keys.add(key);
  for (const identity of systemProofs.ofPrincipal(principalId))
    for (const key of grants.keysByIndex(INDEX.systemIdentityRef, identity)) keys.add(key);
  return keys;
}

/** Whether Azure shows an identity, or a resource of its own, that has this principal now. */
export function hasPrincipal(
  principalId: string,
  { proofs, systemProofs }: Pick<PrincipalDeps, 'proofs' | 'systemProofs'>,
): boolean {
  return proofs.hasPrincipal(principalId) || systemProofs.hasPrincipal(principalId);
}
