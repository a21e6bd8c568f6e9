import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { Failure, ReconcileEvent } from '../decision.ts';
import { RECHECK_OUTSIDE_MS } from '../decision.ts';
import { blockOf, unblocked } from '../status/blocked.ts';
import type { Action, AttachmentDecision, Facts, IdentityAttachment, OwnStatus } from './facts.ts';
import { named, resources, statusWith } from './own.ts';
import { planOfDeletion } from './rollout/pace.ts';
import { withSlots } from './rollout/slots.ts';
import { eventsOf, reconcileEventsOf } from './targets/events.ts';
import { leaving } from './targets/leaving.ts';
import { entriesOf, hasFailed, type Target } from './targets/target.ts';

/**
 * The object is going: what it attached is detached, or with `Retain` let go of, by each host itself; the object waits
 * until no ledger names it any more. It was asked for, so no share limits it, and no policy is asked; but not more hosts
 * are changed at once than at any time. The object can always leave (docs/guarantees.md G18).
 */
export function decideDeletion(object: IdentityAttachment, facts: Facts): AttachmentDecision {
  const targets = facts.hosts
    .filter(({ ledger }) => entriesOf(ledger).length > 0)
    // A resource that is gone has nothing to take away: its ledger ends by itself.
    .map((host) => leaving({ ...host, claim: host.absent ? 'gone' : 'unwanted' }, host.ledger));
  const status = statusWith(object, facts, targets);
  // With Retain nothing is detached: the ledgers only forget.
  const retain = object.spec.deletionPolicy === 'Retain';
  const told = retain ? new Map() : reconcileEventsOf(targets);
  const news = retain ? [] : eventsOf(targets, facts.told, facts.identity);
  if (targets.length === 0) return { ...leave(object, status, news), told };
  if (object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true') {
    const event = leftBehind(targets, `released by annotation ${RELEASE_ANNOTATION}`);
    return { ...leave(object, status, [...news, event]), told };
  }

  const settled = {
    status: withSlots(object, status, planOfDeletion(object, facts, targets), targets),
    told,
  };
  const actions = news.map(tell);
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
      const event = leftBehind(targets, `${block.after}: ${first.message}`);
      return { ...leave(object, status, [...news, event]), told };
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

/** As far as a host tells: it says what only somebody else can mend. */
function failureOf({ reason = 'DetachFailed', message = '' }: Target): Failure {
  return { kind: 'stalled', reason, message, ambiguous: false, error: undefined };
}

function leave(
  object: IdentityAttachment,
  status: OwnStatus,
  events: readonly ReconcileEvent[],
): AttachmentDecision {
  return {
    actions: [...events.map(tell), { type: 'removeFinalizer' }],
    status,
    summary: { state: 'deleting', message: `letting go of ${object.metadata.name}`, againMs: 0 },
  };
}

function tell(event: ReconcileEvent): Action {
  return { type: 'recordEvent', event };
}

function leftBehind(targets: readonly Target[], why: string): ReconcileEvent {
  const hosts = targets.map(({ host }) => host).filter(({ claim }) => claim !== 'gone');
  const message = `${why}; the identity may stay attached to ${resources(hosts.length)}: ${named(hosts)}`;
  return { type: 'Warning', reason: 'LeftBehind', action: 'Detach', message };
}
