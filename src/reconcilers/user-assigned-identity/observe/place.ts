import type { Coordinates } from '../../../api/user-assigned-identity.ts';
import type { AzureIdentity } from '../../../azure/azure-identity.ts';
import { MARK, namesAnother, ownerMarks, tag } from '../../../azure/names/identity-marks.ts';
import { keyOf } from '../../../kube/types.ts';
import type { ReconcileContext } from '../../kind.ts';
import { declaredPlace, isWithinSpec } from '../../proof/places.ts';
import type { UserAssignedIdentity } from '../facts.ts';
import { ownerOf } from '../object.ts';
import { coordinatesOf } from '../target.ts';
import type { ObserveDeps } from './deps.ts';

/** Where the identity of an object is, as far as Azure shows it. */

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
