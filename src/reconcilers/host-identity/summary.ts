import type { HostIdentity, LedgerOwner } from '../../api/host-identity.ts';
import { findCondition } from '../../runtime/status/conditions.ts';
import { type Failure, RECHECK_OUTSIDE_MS, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { calmAt } from '../hosts/ledger/contest.ts';
import { type Line, shortName } from '../hosts/ledger/lines.ts';
import { CONTESTED, nextAttemptAt } from '../hosts/ledger/problems.ts';
import { summaryOf } from '../status/summary.ts';
import type { Facts } from './facts.ts';

/** By its conditions it may keep something for an object whose claim is not known. */
export function mayAwait({ status }: HostIdentity): boolean {
  return MAY_AWAIT.has(findCondition(status?.conditions ?? [], 'Ready')?.reason ?? '');
}

/** The state of a host at the end of a reconcile. */
interface HostResult {
  readonly hostId: string;
  readonly lines: ReadonlyMap<string, Line>;
  /** Something waits for Azure to show, or to end, what was written. */
  readonly pending: boolean;
  /** Azure is at work on the resource, and something is to be written or read back. */
  readonly busy: boolean;
  /** Something is left to write, and may not be written in this reconcile. */
  readonly left: boolean;
  readonly failure?: Failure | undefined;
  /** By key: what no object is known to want, but one may whose claim is not known yet. */
  readonly awaited: ReadonlyMap<string, LedgerOwner>;
  readonly unproven: number;
}

/** An object whose claim is not known may want what no other does: it stays until that is known. */
const CLAIMANT_UNDETERMINED = 'ClaimantNotTold';
/** With either, some identity may stay for an object whose claim is not known. */
const MAY_AWAIT: ReadonlySet<string> = new Set([CLAIMANT_UNDETERMINED, 'SomeRefused', CONTESTED]);

/** Longest pause between two reconciles while something is about to change, ms. */
const RECHECK_MS = 15_000;

/**
 * Only what concerns all who want something of the host stalls it or is waited for: an identity that fails does so in
 * its own line, which its owners alone report.
 */
export function summaryOfHost(result: HostResult, facts: Facts): Summary {
  const { hostId, lines, pending, busy, left, failure, awaited, unproven } = result;
  const { now, window } = facts;
  const progressing = (reason: string, message: string, againMs: number): Summary => ({
    state: 'progressing',
    reason,
    message,
    againMs: Math.max(1_000, againMs),
  });
  if (failure) return summaryOf(failure);
  if (window.blockedMs > 0 && (pending || left))
    return progressing(
      'ConfirmingWrite',
      `a write to ${hostId} was cut off, and may still take effect; azid checks whether it did before it writes again`,
      Math.min(RECHECK_MS, window.blockedMs),
    );
  if (busy)
    return progressing('HostBusy', `Azure is at work on ${hostId}; azid waits for it to end`, RECHECK_MS);
  if (left) return progressing('Writing', `more is to be written to ${hostId}`, 0);
  if (pending) {
    const since = Math.max(0, ...[...facts.accepted.values()].map(({ at }) => at));
    const message = `Azure does not show yet what was written to ${hostId}`;
    return progressing('ReadingBack', message, Math.min(RECHECK_MS, since > 0 ? now - since : RECHECK_MS));
  }
  const held = [...lines].filter(([, { problem }]) => problem !== undefined);
  const stays = [...awaited].map(
    ([key, owner]) =>
      `${shortName(key, lines.get(key))} stays while it is not known whether ${owner.kind} ${owner.namespace}/${owner.name} wants it`,
  );
  if (held.length > 0) {
    // A slot, a policy or an edit enqueues the host: without a time of its own this is the safety net.
    const next = nextAttemptAt(lines.values(), now) ?? now + RECHECK_OUTSIDE_MS;
    const names = held.map(([key, line]) => `${shortName(key, line)} (${line.problem?.reason})`).join(', ');
    const reason = held.every(([, { problem }]) => problem?.reason === CONTESTED) ? CONTESTED : 'SomeRefused';
    const message = [`${hostId}: not as wanted: ${names}; the rest is`, ...stays].join('; ');
    return progressing(
      reason,
      message,
      Math.min(next - now, stays.length > 0 ? RECHECK_OUTSIDE_MS : Infinity),
    );
  }
  // The change that settles the claim enqueues the host; but a refusal to read it may end without any change.
  if (stays.length > 0)
    return progressing(
      CLAIMANT_UNDETERMINED,
      `${hostId}: ${stays.join('; ')}; the rest is as wanted`,
      RECHECK_OUTSIDE_MS,
    );
  return {
    state: 'ready',
    reason: 'InSync',
    message: inSync(hostId, lines, unproven),
    nextMs: Math.min(RECHECK_READY_MS, ...soonest(lines, window.openMs, now)),
  };
}

function inSync(hostId: string, lines: ReadonlyMap<string, Line>, unproven: number): string {
  const doubt =
    unproven === 0
      ? ''
      : `; the ledger was lost, and nothing shows any more that azid attached ${unproven} of them: these are never detached`;
  return `${hostId} has the ${lines.size} identities that are wanted of it${doubt}`;
}

/** What changes by the mere passing of time. */
function soonest(lines: ReadonlyMap<string, Line>, openMs: number, now: number): number[] {
  const calm = calmAt(lines.values());
  return [...(calm === undefined ? [] : [Math.max(0, calm - now)]), ...(openMs > 0 ? [openMs] : [])];
}
