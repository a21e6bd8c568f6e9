import { type Failure, RECHECK_OUTSIDE_MS, type ReconcileEvent } from '../decision.ts';
import { blockOf, finished, isReleased, leftBehind, RELEASED, unblocked } from '../status/deleting.ts';
import { stalled } from '../status/failure.ts';
import type { AttachmentDecision, Facts, IdentityAttachment } from './facts.ts';
import { planOfDeletion } from './rollout.ts';
import { named, resources, statusWith, withSlots } from './status.ts';
import { eventsOf, reconcileEventsOf } from './targets/events.ts';
import { detaching, entriesOf, hasFailed, type Target } from './targets/target.ts';

/**
 * The object is being deleted: what it attached is detached, or with `Retain` let go of, by each host itself; the object waits
 * until no ledger names it any more. It was asked for, so no share limits it, and no policy is asked; but not more hosts
 * are changed at once than at any time. The object can always leave (docs/guarantees.md G18).
 */
export function decideDeletion(object: IdentityAttachment, facts: Facts): AttachmentDecision {
  const targets = facts.hosts
    .filter(({ ledger }) => entriesOf(ledger).length > 0)
    // A resource that is gone has nothing to take away: its ledger ends by itself.
    .map((host) => detaching({ ...host, claim: host.absent ? 'gone' : 'unwanted' }));
  const status = statusWith(object, facts, targets);
  // With Retain nothing is detached: the ledgers only forget.
  const retain = object.spec.deletionPolicy === 'Retain';
  const reported = retain ? new Map() : reconcileEventsOf(targets);
  const news = retain ? [] : eventsOf(targets, facts.reported, facts.identity);
  if (targets.length === 0) return { ...finished(object, status, news), reported };
  if (isReleased(object)) {
    const event = staying(targets, RELEASED);
    return { ...finished(object, status, [...news, event]), reported };
  }

  const settled = {
    status: withSlots(object, status, planOfDeletion(object, facts, targets), targets),
    reported,
  };
  const actions = news.map((event) => ({ type: 'recordEvent', event }) as const);
  const failed = targets.filter(hasFailed);
  const [first] = failed.filter(({ host }) => host.claim !== 'gone');
  const rest = targets.length - failed.length;
  if (first) {
    const block = blockOf(object, facts, failureOf(first));
    if (block.state === 'held') {
      const { summary, conditions } = block;
      return { ...settled, actions, summary, conditions };
    }
    if (rest === 0) {
      const event = staying(targets, `${block.after}: ${first.message}`);
      return { ...finished(object, status, [...news, event]), reported };
    }
  }
  const doing = retain ? 'letting go of what is attached to' : 'detaching from';
  const message = `${doing} ${resources(targets.length)}: ${named(targets.map(({ host }) => host))}`;
  return {
    ...settled,
    actions,
    // Hosts enqueue the object; this is the safety net.
    summary: { state: 'deleting', message, againMs: RECHECK_OUTSIDE_MS },
    conditions: first ? [] : unblocked(object),
  };
}

/** As far as a host reports it: failures that only a user can mend. */
function failureOf({ reason = 'DetachFailed', message = '' }: Target): Failure {
  return stalled(reason, message);
}

function staying(targets: readonly Target[], why: string): ReconcileEvent {
  const hosts = targets.map(({ host }) => host).filter(({ claim }) => claim !== 'gone');
  const message = `${why}; the identity may stay attached to ${resources(hosts.length)}: ${named(hosts)}`;
  return leftBehind(message, 'Detach');
}
