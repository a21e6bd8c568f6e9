import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import { sameId } from '../../../azure/names/resource-id.ts';
import { asciiLower, sameText } from '../../../azure/names/text.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { MissingReferences } from '../../proof/missing-references.ts';
import type { ObservedIdentity } from '../../proof/observe.ts';
import type { SystemProofs } from '../../proof/system-identity.ts';
import { referredIdentity, referredSystemIdentity, type Stores } from '../../stores.ts';
import type { RoleGrant } from '../facts.ts';
import type { SeenAssignment } from '../observed.ts';
import { type KnownDeps, knownPrincipal, type PrincipalDeps } from './principal.ts';
import { type RoleDeps, roleOf, scopeProblem } from './target.ts';

/**
 * Whether an assignment as Azure shows it may be, or may have been, what an object asks for. Ledger and status of an object can
 * be forged while no azid runs (docs/guarantees.md G25), its spec and what stands in Azure cannot: what these speak against, no
 * status makes true.
 */

/** Role and principal, where they are known. */
export type Granted = Pick<SeenAssignment, 'scope'> &
  Partial<Pick<SeenAssignment, 'roleGuid' | 'principalId' | 'principalType'>>;

export interface MayAskForDeps extends RoleDeps, KnownDeps {
  readonly stores: KnownDeps['stores'] & {
    readonly identities: Pick<Stores['identities'], 'byIndex' | 'keysByIndex' | 'get'>;
  };
  readonly proofs: KnownDeps['proofs'] &
    Pick<PrincipalDeps['proofs'], 'hasPrincipal' | 'mayHave' | 'isPrincipalOf'>;
  readonly systemProofs: KnownDeps['systemProofs'] &
    Pick<PrincipalDeps['systemProofs'], 'hasPrincipal' | 'ofPrincipal' | 'isPrincipalOf'>;
}

/** False only where the spec speaks against it; what is not known just now does not. */
export function mayAskFor(object: RoleGrant, granted: Granted, deps: MayAskForDeps): boolean {
  return (
    scopeProblem(object) === undefined &&
    sameId(object.spec.scope, granted.scope) &&
    mayAskForRole(object, granted, deps) &&
    mayAskForPrincipal(object, granted, deps)
  );
}

function mayAskForRole({ spec }: RoleGrant, { roleGuid }: Granted, { roles }: RoleDeps): boolean {
  const { id, name } = spec.role;
  if (roleGuid === undefined) return true;
  if (id !== undefined) return asciiLower(id.slice(-roleGuid.length)) === asciiLower(roleGuid);
  // A role may have been renamed: only a name that is another's by now speaks against it.
  const named = roles.held?.().filter(({ roleName }) => sameText(roleName, name ?? '')) ?? [];
  return named.length === 0 || named.some(({ guid }) => sameText(guid, roleGuid));
}

function mayAskForPrincipal(
  object: RoleGrant,
  { principalId, principalType }: Granted,
  deps: MayAskForDeps,
): boolean {
  const { id } = object.spec.principal;
  if (principalId === undefined) return true;
  if (id !== undefined) return sameText(id, principalId);
  if (isNoIdentity(principalType)) return false;
  const known = knownPrincipal(object, deps);
  if (known && sameText(known.id, principalId)) return true;
  // Whose an identity was that is gone is not known.
  const { proofs, systemProofs, stores } = deps;
  if (!hasPrincipal(principalId, deps)) return true;
  // It has an owner that lives: only who refers to that may mean it, once its proof can be read.
  if (known) return false;
  const [identities, systemIdentities] = [referredIdentity(object), referredSystemIdentity(object)];
  // That owner may have yet to come back, as from a backup: Azure's marks, or the ledger, say whose it was.
  if (identities.some((ref) => !stores.identities.get(ref) && proofs.isPrincipalOf(principalId, ref)))
    return true;
  if (systemIdentities.some((ref) => systemProofs.isPrincipalOf(principalId, ref))) return true;
  const referred = [...identities, ...systemIdentities];
  const holders = new Set([...proofs.mayHave(principalId), ...systemProofs.ofPrincipal(principalId)]);
  return referred.some((key) => holders.has(key));
}

/** Whether Azure shows an identity, or a resource of its own, that has this principal now. */
export function hasPrincipal(
  principalId: string,
  { proofs, systemProofs }: Pick<PrincipalDeps, 'proofs' | 'systemProofs'>,
): boolean {
  return proofs.hasPrincipal(principalId) || systemProofs.hasPrincipal(principalId);
}

/** No cache shows a user or a group either, alive as they may be: never a principal that an identity had. */
function isNoIdentity(principalType: string | undefined): boolean {
  return NO_IDENTITY.has(asciiLower(principalType ?? ''));
}

const NO_IDENTITY: ReadonlySet<string> = new Set(['user', 'group', 'foreigngroup', 'device']);

export interface UndeterminedDeps extends RoleDeps {
  readonly stores: Pick<Stores, 'identities' | 'systemIdentities' | 'grants'>;
  readonly proofs: Pick<IdentityProofs, 'observe' | 'wasSearched' | 'namesOwner'>;
  readonly systemProofs: Pick<SystemProofs, 'prove' | 'isReturning'>;
  readonly references: Pick<MissingReferences, 'isAwaited'>;
}

/**
 * What it asks for is not known now, as after a start or while Azure does not answer: its identity or its role. One that Azure reports absent is not waited for; an object that is not
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
