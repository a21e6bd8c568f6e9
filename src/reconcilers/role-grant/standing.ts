import type { Finding } from '../../runtime/status/conditions.ts';
import type { Summary } from '../decision.ts';
import { comingEnd } from './ends/ends.ts';
import type { Facts, GrantDecision, ObservedAssignment, OwnStatus, RoleGrant, Target } from './facts.ts';
import { expiryOf, ownStatus, withoutEntries } from './own.ts';

/** How the status reads at the end of a reconcile, whatever it came to. */

/** A grant acts after up to 10 minutes (docs/azure-facts.md section 5, "propagation"). */
export const PROPAGATION_MS = 10 * 60_000;

/** Nothing to do, or nothing that may be done: the status as it stands, less what is proven gone. */
export function stop(
  object: RoleGrant,
  facts: Facts,
  summary: Summary,
  change: Partial<OwnStatus> = {},
): GrantDecision {
  const own = { ...ownStatus(object), ...change };
  return {
    actions: [],
    status: { ...own, ledger: withoutEntries(own.ledger, provenGone(facts)) },
    summary,
    conditions: propagated(own, facts.now, object),
  };
}

/** The ledger loses an entry only when a read proved it gone (docs/guarantees.md G6). */
export function provenGone({ held, azure, target }: Facts): string[] {
  const gone = held.filter(({ view }) => isGone(view)).map(({ id }) => id);
  return target && azure && isGone(azure) ? [...gone, target.id] : gone;
}

export function isGone(view: ObservedAssignment): boolean {
  return view.state === 'absent' && view.conclusive;
}

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

/** For messages: `role 'Reader' on /subscriptions/…`. */
export function describe({ roleName, scope, principalId }: Target): string {
  return `role '${roleName}' on ${scope} for principal ${principalId}`;
}
