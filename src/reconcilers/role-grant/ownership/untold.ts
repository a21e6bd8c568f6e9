import type { ObjectKey } from '../../../kube/types.ts';
import { mayHaveId } from '../../hosts/attachments-of.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { SystemProofs } from '../../proof/system-identity.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type Stores } from '../../stores.ts';
import type { RoleGrant } from '../facts.ts';
import { type RoleDeps, roleOf } from '../target/role.ts';

/** Grants of which it cannot be told what they ask for: after a start, or while Azure does not answer. */

export interface UntoldDeps extends RoleDeps {
  readonly stores: Pick<Stores, 'identities' | 'grants'>;
  readonly proofs: Pick<IdentityProofs, 'observe'>;
  readonly systemProofs: Pick<SystemProofs, 'prove'>;
}

/** Its identity or its role is not told now. One that is told to be missing is not waited for. */
export async function isUntold(
  object: RoleGrant,
  context: ReconcileContext,
  deps: UntoldDeps,
): Promise<boolean> {
  const { stores, proofs, systemProofs } = deps;
  for (const ref of referredIdentity(object)) {
    const identity = stores.identities.get(ref);
    if (!identity) return !stores.identities.synced;
    const seen = proofs.observe(identity);
    if (seen.state === 'unknown') return true;
    if (seen.state === 'none') return seen.returns === true;
  }
  for (const ref of referredSystemIdentity(object)) {
    const { state } = await systemProofs.prove(ref, context);
    if (state !== 'owned') return state !== 'waiting';
  }
  return (await roleOf(object, context, deps)).state === 'unreadable';
}

/**
 * Keys of the grants of the same identity, by the objects' own words: as long as Azure does not show who has a principal, nothing
 * else leads to them.
 */
export function grantsOfSameIdentity(
  object: RoleGrant,
  { stores }: Pick<UntoldDeps, 'stores'>,
): readonly ObjectKey[] {
  const { grants } = stores;
  // Also of the identity that it was made for, whatever it refers to by now.
  const referred = [...referredIdentity(object), ...mayHaveId(object.status?.identityId ?? '', stores)];
  return [
    ...referred.flatMap((identity) => [...grants.keysByIndex(INDEX.identityRef, identity)]),
    ...referredSystemIdentity(object).flatMap((identity) => [
      ...grants.keysByIndex(INDEX.systemIdentityRef, identity),
    ]),
  ];
}
