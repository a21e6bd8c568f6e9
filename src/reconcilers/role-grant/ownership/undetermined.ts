import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import type { ObjectKey } from '../../../kube/types.ts';
import type { ReconcileContext } from '../../kind.ts';
import { identitiesAt } from '../../proof/concerned.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { MissingReferences } from '../../proof/missing-references.ts';
import type { ObservedIdentity } from '../../proof/observe.ts';
import type { SystemProofs } from '../../proof/system-identity.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type Stores } from '../../stores.ts';
import type { RoleGrant } from '../facts.ts';
import { type RoleDeps, roleOf } from '../target/role.ts';

/** Grants of which it is not known what they ask for: after a start, or while Azure does not answer. */

export interface UndeterminedDeps extends RoleDeps {
  readonly stores: Pick<Stores, 'identities' | 'systemIdentities' | 'grants'>;
  readonly proofs: Pick<IdentityProofs, 'observe' | 'wasSearched' | 'namesOwner'>;
  readonly systemProofs: Pick<SystemProofs, 'prove' | 'isReturning'>;
  readonly references: Pick<MissingReferences, 'isAwaited'>;
}

/**
 * Its identity or its role is not known now. One that Azure reports absent is not waited for; an object that is not
 * there is for a time, as a restore brings what refers to it before it.
 *
 * @param identityId of the identity whose assignment is asked about, as far as it is known: one that is gone comes
 * back with another principal, and one that is marked for another is not the object's
 */
export async function isUndetermined(
  object: RoleGrant,
  context: ReconcileContext,
  deps: UndeterminedDeps,
  identityId?: string,
): Promise<boolean> {
  const { stores, proofs, systemProofs, references } = deps;
  const { uid } = object.metadata;
  for (const ref of referredIdentity(object)) {
    const identity = stores.identities.get(ref);
    const seen = identity && proofs.observe(identity);
    if (!identity || !seen || isOpen(identity, seen, deps)) {
      const isOut = identityId !== undefined && proofs.namesOwner(identityId, ref) === false;
      return !isOut && references.isAwaited(uid, ref, stores.identities, false);
    }
    if (seen.state === 'unknown') return true;
    if (seen.state === 'none') return seen.returns === true;
  }
  for (const ref of referredSystemIdentity(object)) {
    if (!stores.systemIdentities.get(ref)) return references.isAwaited(uid, ref, stores.systemIdentities);
    const { state } = await systemProofs.prove(ref, context);
    if (state !== 'owned') return state !== 'waiting' || systemProofs.isReturning(ref);
  }
  return (await roleOf(object, context, deps)).state === 'unreadable';
}

/** Azure shows nothing of its, as its own reconcile has yet to say where that is: so it is with an object that just came back. */
function isOpen(
  { metadata: { uid, deletionTimestamp } }: UserAssignedIdentity,
  seen: ObservedIdentity,
  { proofs }: Pick<UndeterminedDeps, 'proofs'>,
): boolean {
  const isNowhere = seen.state === 'none' && seen.id === undefined;
  return isNowhere && deletionTimestamp === undefined && !proofs.wasSearched(uid);
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
  // Also of the identity that it was made for, whatever it refers to by now.
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
