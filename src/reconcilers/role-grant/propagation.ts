import type { Finding } from '../../runtime/status/conditions.ts';
import { comingEnd } from './ends/ends.ts';
import type { Facts, OwnStatus, RoleGrant } from './facts.ts';
import { expiryOf } from './object.ts';

/** The condition `Propagated`, and the times at which a grant must be reconciled to the moment. */

/** A grant acts after up to 10 minutes (docs/azure-facts.md section 5, "propagation"). */
const PROPAGATION_MS = 10 * 60_000;

/** `Granted` and `Propagated` are two statements: what Azure has stored acts only after a while. */
export function propagated(
  { assignmentId, grantedAt }: OwnStatus,
  now: number,
  object: RoleGrant,
): Finding[] {
  if (assignmentId === undefined || grantedAt === undefined) return notGranted(object);
  const leftMs = Date.parse(grantedAt) + PROPAGATION_MS - now;
  return [
    leftMs > 0
      ? {
          type: 'Propagated',
          status: 'False',
          reason: 'Propagating',
          message: `granted at ${grantedAt}; Azure needs up to ${PROPAGATION_MS / 60_000} minutes until it acts everywhere`,
        }
      : {
          type: 'Propagated',
          status: 'True',
          reason: 'Propagated',
          message: `granted at ${grantedAt}, more than ${PROPAGATION_MS / 60_000} minutes ago`,
        },
  ];
}

/** A condition about an assignment that is gone must not stay. */
export function notGranted({ status }: RoleGrant): Finding[] {
  return (status?.conditions ?? [])
    .filter(({ type }) => type === 'Propagated')
    .map(({ type }) => ({
      type,
      status: 'False',
      reason: 'NotGranted',
      message: 'there is no assignment whose effect could be awaited',
    }));
}

/**
 * When the object must be reconciled again to the moment, wall ms: at its expiry, and at the end that it was given,
 * whatever state it is in, and when what was granted is known to act. Rechecks are spread by chance, which an end
 * that somebody counts on must not be.
 */
export function nextMoment(
  object: RoleGrant,
  { grantedAt }: OwnStatus,
  { now, ends }: Pick<Facts, 'now' | 'ends'>,
): number | undefined {
  if (object.metadata.deletionTimestamp) return undefined;
  const propagatedAt = grantedAt === undefined ? undefined : Date.parse(grantedAt) + PROPAGATION_MS;
  const moments = [expiryOf(object), comingEnd({ now, ends }), propagatedAt].filter(
    (at) => at !== undefined && at > now,
  );
  return moments.length > 0 ? Math.min(...moments.map(Number)) : undefined;
}
