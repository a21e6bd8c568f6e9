import { isReconcileRequested } from '../../../api/schema/common.ts';
import { parseIdentityIdIfAny } from '../../../azure/names/resource-id.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { Observation } from '../../../cache/store/entry.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { SystemProofs } from '../../proof/system-identity.ts';
import { failureOf } from '../../status/failure.ts';
import { referredIdentity, referredSystemIdentity, type Stores } from '../../stores.ts';
import type { RoleGrant } from '../facts.ts';
import type { LivenessDeps } from '../target/liveness.ts';

/**
 * Somebody asked how things are now: the identity behind a grant is read, or the resource whose own it is, and the cache has the
 * answer from then on.
 */
export async function reRead(object: RoleGrant, context: ReconcileContext, deps: ReReadDeps): Promise<void> {
  if (!isReconcileRequested(object)) return;
  const { identities, identityCache, hostCache, stores, systemProofs } = deps;
  const [ref] = referredIdentity(object);
  const ids = [
    object.status?.identityId,
    ref === undefined ? undefined : stores.identities.get(ref)?.status?.id,
  ];
  // A status may name a resource instead, whose own identity it is.
  for (const id of new Set(ids.filter((each) => each !== undefined).filter(parseIdentityIdIfAny)))
    if (!isFresh(identityCache.observe(id), context, deps))
      await readIfPossible(() => identities.get(id, context));
  for (const system of referredSystemIdentity(object)) {
    const id = systemProofs.resourceOf(system);
    if (id !== undefined && !isFresh(hostCache.observe(id), context, deps))
      await readIfPossible(() => hostCache.refresh(id, context.priority, context));
  }
}

export interface ReReadDeps extends Pick<LivenessDeps, 'identities' | 'identityCache'> {
  readonly stores: Pick<Stores, 'identities'>;
  readonly hostCache: Pick<HostCache, 'observe' | 'refresh'>;
  readonly systemProofs: Pick<SystemProofs, 'resourceOf'>;
  readonly clock: { monotonic(): number };
}

/** Read in this reconcile: once, whatever rounds that takes. */
function isFresh(
  seen: Observation<unknown>,
  { startedAt }: ReconcileContext,
  { clock }: Pick<ReReadDeps, 'clock'>,
): boolean {
  const known = seen.state === 'absent' || (seen.state === 'present' && seen.how !== 'list');
  return known && seen.ageMs <= clock.monotonic() - startedAt;
}

/** What cannot be read is reported where it is needed. */
async function readIfPossible(read: () => Promise<unknown>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!failureOf(error)) throw error;
  }
}
