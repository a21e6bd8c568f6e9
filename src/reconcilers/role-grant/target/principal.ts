import type { UserAssignedIdentity } from '../../../api/user-assigned-identity.ts';
import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import type { Identities } from '../../../azure/identities.ts';
import { parseIdentityIdIfAny } from '../../../azure/names/resource-id.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { Store } from '../../../kube/informer/store.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { Elapsed } from '../../../runtime/time/elapsed.ts';
import type { ObservedSystemIdentity } from '../../hosts/system-identity.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { IdentityProofs } from '../../proof/identity-proofs.ts';
import type { ProvenIdentity } from '../../proof/proven.ts';
import type { SystemProofs } from '../../proof/system-identity.ts';
import { failureOf } from '../../status/failure.ts';
import { referredIdentity, referredSystemIdentity } from '../../stores.ts';
import type { ObservedPrincipal, RoleGrant } from '../facts.ts';

/** Who gets the role: the principal of an identity of the namespace, or one by its object id. */

export interface PrincipalDeps extends LivenessDeps {
  readonly stores: { readonly identities: Pick<Store<UserAssignedIdentity>, 'get'> };
  /** Who has which principal, as Azure proves it. */
  readonly proofs: Pick<
    IdentityProofs,
    | 'observe'
    | 'wasSearched'
    | 'namesOwner'
    | 'known'
    | 'prove'
    | 'hasPrincipal'
    | 'mayHave'
    | 'ownersNamed'
    | 'isPrincipalOf'
  >;
  readonly systemProofs: Pick<
    SystemProofs,
    'known' | 'prove' | 'hasPrincipal' | 'ofPrincipal' | 'isReturning' | 'ownersNamed' | 'isPrincipalOf'
  >;
  /**
   * When this process first saw a principal, monotonic ms, by the uid of the grant that asks. One map for all who ask: the
   * kind forgets a grant's when the grant is gone.
   */
  readonly firstSeen: Map<string, { readonly principalId: string; readonly at: number }>;
  readonly clock: Clock;
  readonly elapsed: Pick<Elapsed, 'since'>;
}

/**
 * Azure's services may not know a principal that is younger (docs/azure-facts.md section 5: 10 to 32 s seen, more is
 * reported).
 */
const YOUNG_MS = 15 * 60_000;

type Known = Extract<ObservedPrincipal, { state: 'known' }>;
export type KnownDeps = Pick<
  PrincipalDeps,
  'stores' | 'proofs' | 'systemProofs' | 'firstSeen' | 'clock' | 'elapsed'
>;

/** The principal as far as the caches show it; undefined: they show none of the identity's object. */
export function knownPrincipal(object: RoleGrant, deps: KnownDeps): Known | undefined {
  const named = principalById(object);
  if (named) return named;
  const { system, key } = referenceOf(object);
  const proven = system ? deps.systemProofs.known(key) : deps.proofs.known(key);
  return proven && asKnown(object, proven, deps);
}

/** @param live a write is to rest on it */
export async function principalOf(
  object: RoleGrant,
  context: ReconcileContext,
  deps: PrincipalDeps,
  live = false,
): Promise<ObservedPrincipal> {
  const named = principalById(object);
  if (named) return named;
  const { system, key, name } = referenceOf(object);
  const proven = await (system
    ? deps.systemProofs.prove(key, context, live)
    : deps.proofs.prove(key, context, live));
  switch (proven.state) {
    case 'owned':
      return asKnown(object, proven, deps);
    case 'unreadable':
      return proven;
    case 'loading': {
      const list = `the first list of subscription ${proven.subscriptionId}`;
      return { state: 'waiting', for: list, message: `waiting for ${list}`, dead: false, keep: true };
    }
    case 'waiting': {
      // New before old: what stands is replaced when its object has made it again.
      const liveness = proven.returns ? undefined : await livenessOf(object, context, deps);
      return {
        state: 'waiting',
        for: name,
        message: `spec.principal.identityRef: waiting for ${name}, which ${proven.why}`,
        dead: liveness === 'dead',
        ...(liveness === 'unclear' && { unclear: true }),
      };
    }
  }
}

function principalById({ spec }: RoleGrant): Known | undefined {
  const { id, type } = spec.principal;
  if (id === undefined || type === undefined) return undefined;
  return { state: 'known', id: id.toLowerCase(), type, young: false, live: true };
}

function asKnown(
  object: RoleGrant,
  { id, principalId, live, deleting }: Extract<ProvenIdentity, { state: 'owned' }>,
  { stores, firstSeen, clock, elapsed }: KnownDeps,
): Known {
  const { system, key } = referenceOf(object);
  const identity = system ? undefined : stores.identities.get(key);
  const createStartedAt = identity?.status?.createStartedAt;
  const now = clock.monotonic();
  const seenMs = now - sinceWhen(object.metadata.uid, principalId, firstSeen, now);
  const ageMs =
    identity && createStartedAt !== undefined
      ? Math.min(seenMs, elapsed.since(identity.metadata.uid, createStartedAt))
      : seenMs;
  return {
    state: 'known',
    id: principalId.toLowerCase(),
    type: 'ServicePrincipal',
    young: ageMs < YOUNG_MS,
    live,
    identityId: id,
    ...(deleting && { deleting: true }),
  };
}

/** The object a grant refers to, by kind and key. */
function referenceOf(object: RoleGrant): {
  readonly system: boolean;
  readonly key: string;
  readonly name: string;
} {
  const [systemRef] = referredSystemIdentity(object);
  if (systemRef !== undefined)
    return { system: true, key: systemRef, name: `SystemAssignedIdentity ${systemRef}` };
  const [key = ''] = referredIdentity(object);
  return { system: false, key, name: `UserAssignedIdentity ${key}` };
}

function sinceWhen(
  uid: string,
  principalId: string,
  firstSeen: PrincipalDeps['firstSeen'],
  now: number,
): number {
  const seen = firstSeen.get(uid);
  if (seen?.principalId === principalId) return seen.at;
  firstSeen.set(uid, { principalId, at: now });
  return now;
}

export interface LivenessDeps {
  readonly identities: Pick<Identities, 'get'>;
  readonly identityCache: Pick<IdentityCache, 'observe'>;
  /** By the ARM id of the resource; throws what the call threw. Absent: nothing is ever known to be gone. */
  readonly systemIdentity?: (hostId: string, context: CallContext) => Promise<ObservedSystemIdentity>;
}

/** `unclear`: not known now; asked again soon. */
type Liveness = 'alive' | 'dead' | 'unclear';

/**
 * Whether the principal of what stands is gone with its identity: only Azure's own word counts, never that of an object.
 * Another principal under the same ARM id proves it as well: Azure gives no principal id twice.
 */
async function livenessOf(
  { status }: RoleGrant,
  context: CallContext,
  deps: LivenessDeps,
): Promise<Liveness | undefined> {
  const { identityId, principalId, ledger = [] } = status ?? {};
  if (identityId === undefined || principalId === undefined || ledger.length === 0) return undefined;
  return livenessOfPrincipal({ identityId, principalId }, context, deps);
}

/** @param identityId of the identity, or of the resource whose own it is, that had the principal */
export async function livenessOfPrincipal(
  { identityId, principalId }: { readonly identityId: string; readonly principalId: string },
  context: CallContext,
  deps: LivenessDeps,
): Promise<Liveness> {
  try {
    // The status names an identity or a resource, also where the spec refers to another by now.
    const now = parseIdentityIdIfAny(identityId)
      ? await userAssigned(identityId, context, deps)
      : await systemAssigned(identityId, context, deps);
    if (typeof now === 'string') return now;
    return now.principalId.toLowerCase() === principalId.toLowerCase() ? 'alive' : 'dead';
  } catch (error) {
    if (!failureOf(error)) throw error;
    return 'unclear';
  }
}

type Seen = { readonly principalId: string } | 'dead' | 'unclear';

async function userAssigned(id: string, context: CallContext, deps: LivenessDeps): Promise<Seen> {
  const got = await deps.identities.get(id, context);
  if (got.found) return got.identity;
  // Right after a creation Azure may not show it: the cache knows when a 404 is proof.
  return deps.identityCache.observe(id).state === 'absent' ? 'dead' : 'unclear';
}

async function systemAssigned(
  hostId: string,
  context: CallContext,
  { systemIdentity }: LivenessDeps,
): Promise<Seen> {
  const got = await systemIdentity?.(hostId, context);
  if (got?.found) return got;
  return got?.conclusive === true ? 'dead' : 'unclear';
}
