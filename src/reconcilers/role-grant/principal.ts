import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import type { Identities } from '../../azure/identities.ts';
import type { Store } from '../../kube/store.ts';
import type { IdentityMirror } from '../../mirror/mirror.ts';
import type { Clock } from '../../runtime/clock.ts';
import { failureOf } from '../failure.ts';
import type { VisitContext } from '../kind.ts';
import { referredIdentity } from '../stores.ts';
import type { PrincipalView, RoleGrant } from './facts.ts';

/** Who gets the role: the principal of an identity of the namespace, or one by its object id. */

export interface PrincipalEyes {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get'> };
  readonly identities: Pick<Identities, 'get'>;
  readonly mirror: Pick<IdentityMirror, 'observe'>;
  /** When this process first saw a principal, wall ms, by the key of the grant that asks. */
  readonly firstSeen: Map<string, { readonly principalId: string; readonly at: number }>;
  readonly clock: Clock;
}

/** Azure's services may not know a principal that is younger (azure.md section 5: 10 to 32 s seen, more is told). */
const YOUNG_MS = 15 * 60_000;

/** What can be told from memory; undefined: the identity's object has no principal, or does not exist. */
export function knownPrincipal(
  object: RoleGrant,
  { stores, firstSeen, clock }: Pick<PrincipalEyes, 'stores' | 'firstSeen' | 'clock'>,
): Extract<PrincipalView, { state: 'known' }> | undefined {
  const { id, type } = object.spec.principal;
  if (id !== undefined && type !== undefined)
    return { state: 'known', id: id.toLowerCase(), type, young: false };
  const [ref = ''] = referredIdentity(object);
  const identity = stores.identities.get(ref);
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
  const [ref = ''] = referredIdentity(object);
  const missing = eyes.stores.identities.get(ref) === undefined;
  return {
    state: 'waiting',
    for: `UserAssignedIdentity ${ref}`,
    message: `spec.principal.identityRef: waiting for UserAssignedIdentity ${ref}, which ${missing ? 'does not exist' : 'has no principal yet'}`,
    dead: await isDead(object, context, eyes),
  };
}

/** Whether the principal of what stands is gone with its identity: only Azure's own word counts. */
async function isDead({ status }: RoleGrant, context: VisitContext, eyes: PrincipalEyes): Promise<boolean> {
  const { identityId, principalId, ledger = [] } = status ?? {};
  if (identityId === undefined || principalId === undefined || ledger.length === 0) return false;
  try {
    const got = await eyes.identities.get(identityId, context);
    if (got.found) return got.identity.principalId.toLowerCase() !== principalId.toLowerCase();
    // Right after a creation Azure may not show it: the mirror knows when a 404 is proof.
    return eyes.mirror.observe(identityId).state === 'absent';
  } catch (error) {
    if (!failureOf(error)) throw error;
    return false;
  }
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
