import { isReconcileRequested } from '../../../api/schema/common.ts';
import { parseIdentityId } from '../../../azure/names/resource-id.ts';
import type { ReconcileContext } from '../../kind.ts';
import { failureOf } from '../../status/failure.ts';
import { referredIdentity, type Stores } from '../../stores.ts';
import type { RoleGrant } from '../facts.ts';
import type { LivenessDeps } from '../target/liveness.ts';

/** Somebody asked how things are now: the identity behind a grant is read, whose answer the cache then holds. */
export async function reRead(
  object: RoleGrant,
  context: ReconcileContext,
  { identities, identityCache, stores, clock }: ReReadDeps,
): Promise<void> {
  if (!isReconcileRequested(object)) return;
  const [ref] = referredIdentity(object);
  const ids = [
    object.status?.identityId,
    ref === undefined ? undefined : stores.identities.get(ref)?.status?.id,
  ];
  for (const id of new Set(ids.filter((each) => each !== undefined).filter(isIdentity))) {
    const seen = identityCache.observe(id);
    const known = seen.state === 'absent' || (seen.state === 'present' && seen.how !== 'list');
    // Once in a reconcile, whatever rounds that takes.
    if (known && seen.ageMs <= clock.monotonic() - context.startedAt) continue;
    try {
      await identities.get(id, context);
    } catch (error) {
      // What cannot be read is told by whoever needs it.
      if (!failureOf(error)) throw error;
    }
  }
}

export interface ReReadDeps extends Pick<LivenessDeps, 'identities' | 'identityCache'> {
  readonly stores: Pick<Stores, 'identities'>;
  readonly clock: { monotonic(): number };
}

/** A status may name a resource instead, whose own identity it is. */
function isIdentity(id: string): boolean {
  try {
    return parseIdentityId(id).name !== '';
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
