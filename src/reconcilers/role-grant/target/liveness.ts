import type { CallContext } from '../../../azure/arm/arm-calls.ts';
import type { Identities } from '../../../azure/identities.ts';
import { parseIdentityIdIfAny } from '../../../azure/names/resource-id.ts';
import type { IdentityCache } from '../../../cache/identities.ts';
import type { ObservedSystemIdentity } from '../../proof/system-identity.ts';
import { failureOf } from '../../status/failure.ts';
import type { RoleGrant } from '../facts.ts';

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
export async function livenessOf(
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
    // The status names an identity or a resource, whatever the spec refers to by now.
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
