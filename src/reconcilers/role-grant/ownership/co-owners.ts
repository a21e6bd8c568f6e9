import { isSuspended } from '../../../api/schema/common.ts';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import { parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey, sameId } from '../../../azure/names/resource-id.ts';
import { keyOf, type ObjectKey } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/evaluate.ts';
import type { ReconcileContext } from '../../kind.ts';
import { identitiesAt } from '../../proof/places.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type Stores } from '../../stores.ts';
import { isRefusedByAzure } from '../../watches/predicates.ts';
import { type EndDeps, hasEnded, isRecorded, recordOf } from '../ends/ends.ts';
import type { ObservedRole, RoleGrant } from '../facts.ts';
import { isExpired } from '../object.ts';
import type { CoOwner, SeenAssignment, Target } from '../observed.ts';
import { type Granted, isUndetermined, mayAskFor, type UndeterminedDeps } from '../target/may-ask-for.ts';
import { type KnownDeps, knownPrincipal, type PrincipalDeps } from '../target/principal.ts';
import { isAsked, type RoleDeps, requestOf, roleOf, targetOf } from '../target/target.ts';
import { holdsIt, mayBeAllowed } from './given.ts';
import { markOf, sameCondition } from './owners.ts';

export interface CoOwnerDeps
  extends RoleDeps,
    Omit<KnownDeps, 'stores'>,
    Pick<PrincipalDeps, 'proofs'>,
    Pick<UndeterminedDeps, 'references'> {
  readonly systemProofs: PrincipalDeps['systemProofs'];
  readonly stores: Pick<
    Stores,
    'grants' | 'identities' | 'systemIdentities' | 'policies' | 'namespaces' | 'expiries'
  >;
  readonly installationId: string;
}

/** What an object asks for, as far as it is known without waiting for anything. */
interface Wish {
  readonly target: Target;
  readonly role: Extract<ObservedRole, { state: 'found' }>;
  /** Its policies allow it. */
  readonly allowed: boolean;
  /** Its namespace was not seen yet: whether they do is not known. */
  readonly unseen: boolean;
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
  const { allowed } = policy.allowsGrant(requestOf(object, target, role));
  return { target, role, allowed, unseen: policy.unseen !== undefined };
}

/** The assignment that is asked about. */
export interface Asked {
  /** Who asks for it need not have it yet. */
  readonly id: string;
  /** What it grants, as far as that is known. */
  readonly granted?: Granted | undefined;
  /** As Azure shows it, where it does: the mark on it counts. */
  readonly shown?: SeenAssignment | undefined;
}

/**
 * The living objects besides `object` that ask for this assignment. One whose claim is not known just now counts if
 * its spec may mean the assignment, and its status, the mark on the assignment or the record of its end names it as
 * the owner: nothing is taken from it by mistake. One that nothing names yet, as after a rename, is only `awaited`.
 * Which of them have it, `holdsIt` decides: a forged ledger alone keeps nothing. One that is suspended and does not
 * have it is left out: it makes no assignment, so it neither keeps this one nor comes before another.
 */
export async function coOwnersOf(
  object: RoleGrant,
  { id, granted: asked, shown }: Asked,
  context: ReconcileContext,
  deps: CoOwnerDeps,
): Promise<readonly CoOwner[]> {
  const coOwners: CoOwner[] = [];
  const granted = shown ?? asked;
  const mark = markOf(shown?.description, deps.installationId);
  const maybe = granted ?? parseAssignmentId(id);
  const others = new Set([
    ...candidates(id, granted?.principalId, deps, mark?.key),
    ...grantsOfSameIdentity(object, deps).flatMap((key) => deps.stores.grants.get(key) ?? []),
  ]);
  for (const other of others) {
    const { uid, creationTimestamp, deletionTimestamp } = other.metadata;
    if (uid === object.metadata.uid || deletionTimestamp || isExpired(other, deps.clock.now())) continue;
    // Identities of one name in many namespaces lead to the grants of all of them.
    if (!sameId(other.spec.scope, maybe.scope)) continue;
    const wish = await wishOf(other, context, deps);
    const now = deps.clock.now();
    const isMarked = mark?.key === keyOf(other);
    const recorded = isRecorded(id, other, now, deps);
    const { assignmentId, ledger = [] } = other.status ?? {};
    const isClaimed =
      isMarked || recorded || [assignmentId, ...ledger].some((each) => sameAssignmentId(each, id));
    if (wish ? !isAsked(wish.target, id) : !mayAskFor(other, maybe, deps)) continue;
    const ids = wish?.target.ids ?? [id];
    const mayHave = wish ? wish.allowed || wish.unseen : mayBeAllowed(other, maybe, deps);
    const claimed = { ids, shown, marked: isMarked, recorded, known: wish !== undefined, mayHave };
    const ended = hasEnded(id, other, now, deps);
    const holds = !ended && holdsIt(other, claimed);
    if (isSuspended(other) && !holds && !recorded) continue;
    const awaited =
      !holds &&
      !ended &&
      mayHave &&
      (wish ? !wish.allowed : await isUndetermined(other, context, deps, object.status?.identityId));
    if (!wish && !isClaimed && !awaited) continue;
    const { condition, description } = other.spec;
    // What stands as it is declared was not refused, also where a status says so.
    const stands = isMarked && sameCondition(condition?.expression, shown?.condition);
    coOwners.push({
      key: keyOf(other),
      uid,
      creationTimestamp,
      ...(condition && { condition: condition.expression }),
      ...(description !== undefined && { description }),
      allowed: wish?.allowed ?? false,
      holds,
      ...(!stands && isRefusedByAzure(other) && { refused: true }),
      ...(awaited && { awaited }),
    });
  }
  return coOwners;
}

/**
 * Grants that may ask for the assignment.
 *
 * @param marked the key that is written on it
 */
export function candidates(
  id: string,
  principalId: string | undefined,
  deps: Grantees & EndDeps,
  marked?: string,
): readonly RoleGrant[] {
  const { grants } = deps.stores;
  const keys = new Set(grants.keysByIndex(INDEX.assignment, armKey(id)));
  for (const owner of recordOf(id, deps)?.spec.owners ?? []) keys.add(`${owner.namespace}/${owner.name}`);
  if (marked !== undefined) keys.add(marked);
  if (principalId !== undefined) for (const key of grantsOfPrincipal(principalId, deps)) keys.add(key);
  return [...keys].flatMap((key) => grants.get(key) ?? []);
}

export interface Grantees {
  readonly stores: Pick<Stores, 'grants' | 'identities'>;
  readonly proofs: Pick<PrincipalDeps['proofs'], 'mayHave' | 'ownersNamed'>;
  readonly systemProofs: Pick<PrincipalDeps['systemProofs'], 'ofPrincipal' | 'ownersNamed'>;
}

/**
 * Keys of the grants that name the principal, were made for it, or refer to an identity that may be the one Azure shows
 * with it: too many rather than too few, as each is asked what it wants.
 */
export function grantsOfPrincipal(
  principalId: string,
  { stores: { grants }, proofs, systemProofs }: Grantees,
): ReadonlySet<ObjectKey> {
  const keys = new Set(grants.keysByIndex(INDEX.principal, principalId.toLowerCase()));
  for (const identity of proofs.mayHave(principalId))
    for (const key of grants.keysByIndex(INDEX.identityRef, identity)) keys.add(key);
  // Also of an object that is not there: it may have yet to come back.
  for (const identity of proofs.ownersNamed(principalId))
    for (const key of grants.keysByIndex(INDEX.identityRef, identity)) keys.add(key);
  for (const identity of [...systemProofs.ofPrincipal(principalId), ...systemProofs.ownersNamed(principalId)])
    for (const key of grants.keysByIndex(INDEX.systemIdentityRef, identity)) keys.add(key);
  return keys;
}

/**
 * Keys of the grants of the same identity, by the objects' own words: as long as Azure does not show who has a principal, nothing
 * else leads to them.
 */
export function grantsOfSameIdentity(
  object: RoleGrant,
  { stores }: { readonly stores: Pick<Stores, 'identities' | 'grants'> },
): readonly ObjectKey[] {
  const { grants } = stores;
  // Also of the identity that it was made for, also where it refers to another by now.
  const referred = [
    ...referredIdentity(object),
    ...identitiesAt(object.status?.identityId ?? '', stores.identities),
  ];
  return [
    ...referred.flatMap((identity) => [...grants.keysByIndex(INDEX.identityRef, identity)]),
    ...referredSystemIdentity(object).flatMap((identity) => [
      ...grants.keysByIndex(INDEX.systemIdentityRef, identity),
    ]),
  ];
}
