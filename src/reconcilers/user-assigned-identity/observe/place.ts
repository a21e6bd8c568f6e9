import { isFinalized, isSuspended } from '../../../api/schema/common.ts';
import type { Coordinates } from '../../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import { MARK, namesAnother, ownerMarks, tag } from '../../../azure/names/identity-marks.ts';
import { sameId } from '../../../azure/names/resource-id.ts';
import { keyOf } from '../../../kube/types.ts';
import { policyFor } from '../../../policy/evaluate.ts';
import type { ReconcileContext } from '../../kind.ts';
import { markedFor } from '../../proof/observe.ts';
import { declaredPlace, identitiesConcerned, isWithinSpec } from '../../proof/places.ts';
import { isRefusedByAzure } from '../../watches/predicates.ts';
import type { Facts, Rival, UserAssignedIdentity } from '../facts.ts';
import { coordinatesOf, ownerOf, resolveTarget, type Target } from '../object.ts';
import type { ObserveDeps } from './in-azure.ts';

/** Where the identity of an object is and whose it is, as far as Azure and azid's records show it. */

/**
 * The cache holds nothing of where it was last: a status may have been altered while no azid ran, so Azure is read.
 * Where the spec has the whole place, there is nothing to ask.
 */
export async function readIt(
  object: UserAssignedIdentity,
  context: ReconcileContext,
  { proofs }: ObserveDeps,
): Promise<void> {
  if (declaredPlace(object) !== undefined) return;
  const seen = proofs.observe(object);
  if (seen.state === 'unknown' && !seen.undecided) await proofs.prove(keyOf(object), context);
}

/** By its marks, else by its principal, which is on record: marks that were stripped are put back where it is. */
export function placeInAzure(object: UserAssignedIdentity, deps: ObserveDeps): Coordinates | undefined {
  const seen = deps.proofs.observe(object);
  if (seen.state === 'owned') return coordinatesOf(object, seen.identity);
  const me = ownerOf(object, deps);
  const found = onRecord(object, deps).find(({ tags }) => !namesAnother(tags, me, me.uid));
  return found && coordinatesOf(object, found);
}

/** What Azure shows of the principal that is on record for the object. */
export function onRecord(
  object: UserAssignedIdentity,
  { principals, identityCache }: Pick<ObserveDeps, 'principals' | 'identityCache'>,
): readonly AzureIdentity[] {
  const recorded = principals.lastOf(object.metadata.uid);
  if (recorded === undefined) return [];
  return identityCache.byIndex('principal', recorded).filter((each) => isWithinSpec(object, each));
}

/**
 * Identities that are marked for an object of this namespace and name that lived before: one that was restored has
 * another uid, and no record. What has its own uid is its own, or a copy, and searched for by the record.
 */
export function ofNamesakes(
  object: UserAssignedIdentity,
  { identityCache, installationId }: Pick<ObserveDeps, 'identityCache' | 'installationId'>,
): readonly AzureIdentity[] {
  const { [MARK.ownerUid]: uid, ...marks } = ownerMarks(ownerOf(object, { installationId }));
  return identityCache
    .byIndex('marks', marks)
    .filter((each) => tag(each.tags, MARK.ownerUid) !== uid && isWithinSpec(object, each));
}

/**
 * Ids of other identities with the object's marks, or with those of an earlier object of its name, where its spec may mean them. A new
 * object is made its identity though the list of its subscription fails, so such a one may be read later only.
 */
export function secondIdentities(
  object: UserAssignedIdentity,
  deps: ObserveDeps,
): readonly string[] | undefined {
  const seen = deps.proofs.observe(object);
  if (seen.state !== 'owned') return undefined;
  const marked = [...markedFor(object, deps), ...ofNamesakes(object, deps)].map(({ id }) => id);
  return marked.filter((id) => !sameId(id, seen.identity.id)).toSorted();
}

/**
 * The owner was proven: if the marks are stripped, the same principal is still the object's. What the cache holds by now counts, as an
 * answer may be older than azid's own write.
 */
export function recordShown(object: UserAssignedIdentity, { proofs, principals, clock }: ObserveDeps): void {
  const seen = proofs.observe(object);
  if (seen.state !== 'owned') return;
  const at = seen.how === 'list' ? undefined : clock.monotonic() - seen.ageMs;
  principals.shown(seen.identity.principalId, object.metadata.uid, at);
}

/** The facts with what azid has of the owner: in this process and on record. */
export function withRecords(
  { metadata: { uid } }: UserAssignedIdentity,
  facts: Facts,
  { principals }: ObserveDeps,
): Facts {
  const [lastShown, recorded] = [principals.lastOf(uid), principals.of(uid)];
  return {
    ...facts,
    ...(lastShown !== undefined && { lastShown }),
    ...(recorded !== undefined && { recorded }),
    holders: facts.azure?.state === 'present' ? principals.holdersOf(facts.azure.identity.principalId) : [],
  };
}

/** The cache shows another's marks on the principal that azid keeps for this object. */
export function seemsWithdrawn(
  object: UserAssignedIdentity,
  { id }: Target,
  { identityCache, principals, installationId }: ObserveDeps,
): boolean {
  const { uid } = object.metadata;
  const seen = identityCache.observe(id);
  if (seen.state !== 'present' || !principals.holdersOf(seen.resource.principalId).includes(uid))
    return false;
  return namesAnother(seen.resource.tags, ownerOf(object, { installationId }), uid);
}

/** Other objects that want the same identity. */
export function rivalsOf(object: UserAssignedIdentity, target: Target, deps: ObserveDeps): readonly Rival[] {
  const { stores } = deps;
  const shown = deps.identityCache.observe(target.id);
  const after = shown.state === 'present' ? shown.resource : undefined;
  const others = identitiesConcerned(target.id, { before: undefined, after }, deps);
  return others.flatMap((key) => {
    const other = stores.identities.get(key);
    if (!other) return [];
    // One that azid has finalized, and that another controller's finalizer keeps, is gone.
    if (other.metadata.uid === object.metadata.uid || isFinalized(other)) return [];
    const policy = policyFor(other, stores);
    const resolution = resolveTarget(other, policy.defaults, undefined, placeInAzure(other, deps));
    if (!resolution.resolved || !sameId(resolution.target.id, target.id)) return [];
    const lastShown = deps.principals.lastOf(other.metadata.uid);
    const hadNothing = other.status?.principalId === undefined && lastShown === undefined;
    return {
      key: keyOf(other),
      uid: other.metadata.uid,
      creationTimestamp: other.metadata.creationTimestamp,
      deleting: other.metadata.deletionTimestamp !== undefined,
      allowed: policy.allowsIdentity(target.id).allowed,
      ...(policy.unseen && { unseen: true }),
      ...(lastShown !== undefined && { lastShown }),
      // One that had it comes back to it: only one that never had anything holds nothing.
      ...(hadNothing && isRefusedByAzure(other) && { refused: true }),
      ...(hadNothing && isSuspended(other) && placeInAzure(other, deps) === undefined && { idle: true }),
    };
  });
}
