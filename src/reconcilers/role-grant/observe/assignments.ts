import type { AzureCaller } from '../../../azure/arm/caller.ts';
import { sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import { areaOf } from '../../../azure/names/scope.ts';
import type { LiveReads, ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import { overOf } from '../ends/ends.ts';
import type { Facts, RoleGrant } from '../facts.ts';
import { asCoOwner, isExpired } from '../object.ts';
import type { Held, ObservedAssignment, SeenAssignment, Target } from '../observed.ts';
import { type CoOwnerDeps, coOwnersOf } from '../ownership/co-owners.ts';
import { type GivenDeps, wasGiven } from '../ownership/given.ts';
import { conflictWith } from '../ownership/owners.ts';
import { type DuplicateDeps, duplicateOf } from '../target/duplicate.ts';
import { hasPrincipal, isUndetermined } from '../target/may-ask-for.ts';
import type { RefusedWrites } from '../target/names.ts';
import { type LivenessDeps, livenessOfPrincipal, type PrincipalDeps } from '../target/principal.ts';
import { isSuspected, type ObservedDeps, observedOf } from './assignment.ts';

export interface ReadDeps extends CoOwnerDeps, ObservedDeps, DuplicateDeps, LivenessDeps {
  readonly proofs: PrincipalDeps['proofs'];
  readonly systemProofs: PrincipalDeps['systemProofs'];
  readonly assignments: ObservedDeps['assignments'];
  readonly assignmentCache: ObservedDeps['assignmentCache'] & DuplicateDeps['assignmentCache'];
  readonly granted: GivenDeps['granted'];
  readonly refused: Pick<RefusedWrites, 'limited' | 'name'>;
  /** azid's own identity; rejects while Azure gives no token. */
  readonly whoAmI: () => Promise<AzureCaller>;
}

/**
 * All assignments that matter, each from the cache, and from Azure itself where a write is to rest on it.
 *
 * @param target what the object asks for, if it may have it; else it is read only where it is held, like all else
 * that is
 */
export async function withAssignments(
  object: RoleGrant,
  common: Facts,
  target: Target | undefined,
  context: ReconcileContext,
  live: LiveReads,
  deps: ReadDeps,
): Promise<Facts> {
  const ledger = heldIds(common).filter((id) => !sameAssignmentId(target?.id, id));
  const ids = target ? [target.id, ...ledger] : ledger;
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, common.now);
  const seen = target && shownIn(deps.assignmentCache.observe(target.id));
  const coOwners = target
    ? await coOwnersOf(object, { id: target.id, granted: target, shown: seen }, context, deps)
    : [];
  let facts: Facts = { ...common, coOwners };
  if (!ending && target) {
    // Another's condition stands: nothing is written, so nothing need be read.
    if (conflictWith(asCoOwner(object), coOwners) && overOf(common).length === 0) return facts;
    const self = await selfOf(deps);
    if ('azure' in self) return { ...facts, azure: self.azure };
    facts = { ...facts, ...self };
  }
  const byId = new Map<string, ObservedAssignment>();
  // What is to be made may wait to be read until its write can follow; what is held may not.
  const toBeMade = ending ? undefined : target?.id;
  for (const id of ids)
    byId.set(armKey(id), await observedOf(object, id, id === toBeMade, context, live, deps));
  return assembled(object, facts, target, ledger, byId, context, live, deps);
}

/** By the ledger, the records of ends and the marks, each once. */
function heldIds({ ends, marked }: Facts): readonly string[] {
  const ids = [...[...ends.values()].flatMap(({ id, held }) => (held ? id : [])), ...(marked?.ids ?? [])];
  return [...new Map(ids.map((id) => [armKey(id), id])).values()];
}

function shownIn(seen: ReturnType<ReadDeps['assignmentCache']['observe']>): SeenAssignment | undefined {
  return seen.state === 'present' ? seen.resource : undefined;
}

/** The facts as what was read of each assignment has them so far, with who shares what is held. */
async function assembled(
  object: RoleGrant,
  facts: Facts,
  target: Target | undefined,
  ledger: readonly string[],
  byId: ReadonlyMap<string, ObservedAssignment>,
  context: ReconcileContext,
  live: LiveReads,
  deps: ReadDeps,
): Promise<Facts> {
  const { uid } = object.metadata;
  const limited = target !== undefined && deps.refused.limited(uid, target);
  const namesExhausted = target !== undefined && deps.refused.name(uid, target).exhausted;
  const held: Held[] = [];
  for (const id of ledger) {
    const observed = byId.get(armKey(id));
    if (!observed) continue;
    const shown = observed.state === 'present' ? observed.assignment : undefined;
    const alive = shown !== undefined && hasPrincipal(shown.principalId, deps);
    const coOwners = await coOwnersOf(object, { id, shown }, context, deps);
    const given = shown && wasGiven(object, id, shown, deps);
    const undetermined = given === 'ofNobody' && (await isUndetermined(object, context, deps));
    const unproven = given === 'notGiven' || (given === 'ofNobody' && !undetermined);
    const dead =
      limited &&
      target &&
      (await live.once(`liveness ${id}`, () => isDead(object, observed, facts, target, context, deps)));
    held.push({
      id,
      observed,
      coOwners,
      ...(dead && { dead }),
      ...(alive && { alive }),
      ...(unproven && { unproven }),
      ...(undetermined && { undetermined }),
    });
  }
  const azure = target && byId.get(armKey(target.id));
  const missing = azure?.state === 'absent' && azure.missing === 'assignment' && !isSuspected(azure);
  const duplicate =
    target && missing
      ? await live.once(`duplicate ${target.id}`, () => duplicateOf(object, target, context, deps))
      : undefined;
  const shown = azure?.state === 'present' ? azure.assignment : undefined;
  // Whom the mark proves to have it may be another than by the cache.
  const coOwners =
    target && shown
      ? await coOwnersOf(object, { id: target.id, granted: target, shown }, context, deps)
      : facts.coOwners;
  return {
    ...facts,
    coOwners,
    held,
    azure,
    ...(duplicate && { duplicate }),
    ...(limited && { limited }),
    ...(namesExhausted && { namesExhausted }),
  };
}

/**
 * Whether an assignment of the ledger is of a principal that is gone for good, and takes a place that the target needs:
 * of the same identity as the target's, which Azure shows with another principal by now.
 */
async function isDead(
  { status }: RoleGrant,
  observed: ObservedAssignment,
  { principal }: Facts,
  target: Target,
  context: ReconcileContext,
  deps: ReadDeps,
): Promise<boolean> {
  const { identityId } = status ?? {};
  if (observed.state !== 'present' || identityId === undefined) return false;
  const { scope, principalId } = observed.assignment;
  const same = principal.state === 'known' && principal.identityId !== undefined;
  if (!same || armKey(principal.identityId) !== armKey(identityId)) return false;
  if (principalId === target.principalId.toLowerCase() || areaOf(scope) !== areaOf(target.scope))
    return false;
  // Azure counts, not the status: a principal that an identity has now is alive.
  if (hasPrincipal(principalId, deps)) return false;
  return (await livenessOfPrincipal({ identityId, principalId }, context, deps)) === 'dead';
}

async function selfOf({
  whoAmI,
}: ReadDeps): Promise<{ readonly selfId: string } | { readonly azure: ObservedAssignment }> {
  try {
    return { selfId: (await whoAmI()).objectId };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    return { azure: { state: 'unreadable', failure } };
  }
}
