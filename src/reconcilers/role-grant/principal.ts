import type { SystemAssignedIdentity } from '../../api/system-assigned-identity.ts';
import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { Store } from '../../kube/store.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { VisitContext } from '../kind.ts';
import { referredIdentity, referredSystemIdentity } from '../stores.ts';
import type { PrincipalView, RoleGrant } from './facts.ts';
import { type FateEyes, fateOf } from './fate.ts';

/** Who gets the role: the principal of an identity of the namespace, or one by its object id. */

export interface PrincipalEyes extends FateEyes {
  readonly stores: {
    readonly identities: Pick<Store<UserAssignedIdentity>, 'get'>;
    readonly systemIdentities: Pick<Store<SystemAssignedIdentity>, 'get'>;
  };
  /**
   * When this process first saw a principal, wall ms, by the uid of the grant that asks. One map for all who ask: the
   * kind forgets a grant's when the grant is gone.
   */
  readonly firstSeen: Map<string, { readonly principalId: string; readonly at: number }>;
  readonly clock: Clock;
}

/** Azure's services may not know a principal that is younger (azure.md section 5: 10 to 32 s seen, more is told). */
const YOUNG_MS = 15 * 60_000;

/** What both kinds of identity say of themselves in their status. */
interface Identified extends KubeObject {
  readonly status?: {
    /** Of a system-assigned identity: of the resource. */
    readonly id?: string | undefined;
    readonly principalId?: string | undefined;
    readonly createStartedAt?: string | undefined;
  };
}

/** What can be told from memory; undefined: the identity's object has no principal, or does not exist. */
export function knownPrincipal(
  object: RoleGrant,
  { stores, firstSeen, clock }: Pick<PrincipalEyes, 'stores' | 'firstSeen' | 'clock'>,
): Extract<PrincipalView, { state: 'known' }> | undefined {
  const { id, type } = object.spec.principal;
  if (id !== undefined && type !== undefined)
    return { state: 'known', id: id.toLowerCase(), type, young: false };
  const { identity } = identityOf(object, stores);
  const { principalId, createStartedAt, id: identityId } = identity?.status ?? {};
  if (!identity || principalId === undefined) return undefined;
  const since = sinceWhen(object.metadata.uid, principalId, firstSeen, clock.now());
  const bornAt = Math.max(since, createStartedAt === undefined ? 0 : Date.parse(createStartedAt));
  return {
    state: 'known',
    id: principalId.toLowerCase(),
    type: 'ServicePrincipal',
    young: clock.now() - bornAt < YOUNG_MS,
    ...(identityId !== undefined && { identityId }),
    ...(identity.metadata.deletionTimestamp !== undefined && { leaving: true }),
  };
}

export async function principalOf(
  object: RoleGrant,
  context: VisitContext,
  eyes: PrincipalEyes,
): Promise<PrincipalView> {
  const known = knownPrincipal(object, eyes);
  if (known) return known;
  const { name, identity } = identityOf(object, eyes.stores);
  const fate = await fateOf(object, context, eyes);
  return {
    state: 'waiting',
    for: name,
    message: `spec.principal.identityRef: waiting for ${name}, which ${identity ? 'has no principal yet' : 'does not exist'}`,
    dead: fate === 'dead',
    ...(fate === 'unclear' && { unclear: true }),
  };
}

/** The object a grant refers to, by kind and key, if it exists. */
function identityOf(
  object: RoleGrant,
  { identities, systemIdentities }: PrincipalEyes['stores'],
): { readonly name: string; readonly identity: Identified | undefined } {
  const [systemRef] = referredSystemIdentity(object);
  if (systemRef !== undefined)
    return { name: `SystemAssignedIdentity ${systemRef}`, identity: systemIdentities.get(systemRef) };
  const [ref = ''] = referredIdentity(object);
  return { name: `UserAssignedIdentity ${ref}`, identity: identities.get(ref) };
}

function sinceWhen(
  uid: string,
  principalId: string,
  firstSeen: PrincipalEyes['firstSeen'],
  now: number,
): number {
  const seen = firstSeen.get(uid);
  if (seen?.principalId === principalId) return seen.at;
  firstSeen.set(uid, { principalId, at: now });
  return now;
}
