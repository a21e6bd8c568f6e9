import type { Coordinates } from '../../../api/user-assigned-identity.ts';
import { keyOf } from '../../../kube/types.ts';
import type { ReconcileContext } from '../../kind.ts';
import { MARK, ownerMarks } from '../../marks.ts';
import type { UserAssignedIdentity } from '../facts.ts';
import { ownerOf } from '../own.ts';
import { coordinatesOf } from '../target.ts';
import type { ObserveDeps } from './deps.ts';

/** Where the identity of an object is, as far as Azure shows it. */

/**
 * Nothing is held of where the status says that it is: a status may have been altered while no azid ran, and Azure tells
 * which of its memories is true. Where the spec says all, there is nothing to ask.
 */
export async function readIt(
  object: UserAssignedIdentity,
  context: ReconcileContext,
  { proofs }: ObserveDeps,
): Promise<void> {
  const { spec, status } = object;
  const pinned = spec.subscriptionId !== undefined && spec.resourceGroup !== undefined;
  if (pinned || status?.id === undefined || proofs.observe(object).state !== 'unknown') return;
  await proofs.prove(keyOf(object), context);
}

export function provenPlace(object: UserAssignedIdentity, { proofs }: ObserveDeps): Coordinates | undefined {
  const seen = proofs.observe(object);
  return seen.state === 'owned' ? coordinatesOf(object, seen.identity) : undefined;
}

/** An identity in Azure that carries this object's mark: where it lives, for when the status was lost. */
export function findMarked(
  object: UserAssignedIdentity,
  { identityCache, installationId }: ObserveDeps,
): Coordinates | undefined {
  // By name, not by uid: a restored object has another uid.
  const { [MARK.ownerUid]: _, ...marks } = ownerMarks(ownerOf(object, { installationId }));
  const [found] = identityCache.byIndex('marks', marks);
  if (!found) return undefined;
  const { subscriptionId, resourceGroup, location, name } = found;
  return { subscriptionId, resourceGroup, location, name };
}
