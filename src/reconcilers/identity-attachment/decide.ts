import { isSuspended } from '../../api/schema/common.ts';
import type { Summary } from '../decision.ts';
import { selectorScope } from '../hosts/claims/spec.ts';
import { finalizerOf, notAllowed, stalledInside, summaryOf } from '../status/summary.ts';
import { confirmationOf } from './confirmation.ts';
import { decideDeletion } from './deletion.ts';
import type { Action, AttachmentDecision, Facts, IdentityAttachment, OwnStatus } from './facts.ts';
import { detachable, limitOf, planOf, type RolloutPlan } from './rollout.ts';
import { named, opensMore, resources, statusWith, stillStatus, withSlots } from './status.ts';
import { contest, full, leftovers, summaryOfTargets } from './summary.ts';
import { eventsOf, reconcileEventsOf } from './targets/events.ts';
import { entriesOf, type Target } from './targets/target.ts';
import { RESTARTS, type Targets, targetsOf } from './targets/targets.ts';

/** The list of identities enqueues whom it shows; this is for those it does not. */
const RECHECK_UNKNOWN_MS = 60_000;

/**
 * From what is known to what to do, for one IdentityAttachment. Pure. It never writes to a host: it makes sure that
 * each host it wants has a HostIdentity, lets the hosts be changed one after the other by its status, and reports to
 * its users.
 */
export function decide(object: IdentityAttachment, facts: Facts): AttachmentDecision {
  if (object.metadata.deletionTimestamp) return decideDeletion(object, facts);
  const { policy, problem, loading, type } = facts;
  if (problem) return stop(object, facts, stalledInside(problem.reason, problem.message));
  if (policy.unseen) return stop(object, facts, notAllowed(object, policy.unseen));
  const { identity } = facts;
  if (identity.state === 'waiting' && identity.failure)
    return stop(object, facts, summaryOf(identity.failure));
  // What was reported last still holds, as far as is known.
  if (identity.state === 'waiting' && identity.unknown)
    return stop(object, facts, { ...identity, state: 'waiting', recheckMs: RECHECK_UNKNOWN_MS, keep: true });
  const { selector } = object.spec.target;
  if (selector) {
    const verdict = policy.allowsSelector({
      scope: selectorScope(selector),
      type: type.name,
      known: type.known,
    });
    // What is attached is kept: without a list it is not known what the selector still finds.
    if (!verdict.allowed) return stop(object, facts, notAllowed(object, verdict, 'SelectorNotAllowed'));
    if (loading) return stop(object, facts, loadingSummary(object, selector.subscriptionId, type.name));
  }

  const targets = targetsOf(object, facts, policy);
  const confirmation = confirmationOf(object, detachable(targets.all).length);
  const plan = planOf(object, facts, targets.all, confirmation.state === 'given');
  const before = statusWith(object, facts, targets.all);
  const status = withSlots(object, before, plan, targets.all);
  const conditions = [
    ...contest(object, targets.all),
    ...leftovers(object, targets.all),
    ...full(object, targets.all),
    ...confirmation.conditions,
  ];
  // While suspended nothing is performed, so the Events of now would be lost.
  const suspended = isSuspended(object);
  const settled = { status, conditions, ...(!suspended && { reported: reconcileEventsOf(targets.all) }) };
  const events = suspended ? [] : eventsOf(targets.all, facts.reported, facts.identity);
  const news = events.map((event): Action => ({ type: 'recordEvent', event }));
  if (plan.blocked && confirmation.state === 'new') {
    const message = `${plan.blocked.count} resources are detached, as the annotation confirms`;
    return {
      ...settled,
      actions: news,
      summary: { state: 'progressing', reason: 'Detaching', message, againMs: 0 },
    };
  }
  const summary = summaryOfTargets(object, facts, targets, plan);
  const warning = warn(object, facts, targets.all, before);
  const steps = warning.length > 0 ? warning : steer(object, facts, targets, plan, status);
  return { ...settled, actions: [...news, ...steps], summary };
}

/**
 * The finalizer is set before anything can be written to a host for this object. Its slots are written with its status;
 * before it only where a host is new, which then finds its slot at its first reconcile.
 */
function steer(
  object: IdentityAttachment,
  facts: Facts,
  { all }: Targets,
  { slots }: RolloutPlan,
  status: OwnStatus,
): Action[] {
  const byName = object.spec.target.selector === undefined;
  const suspended = isSuspended(object);
  const needed = all.filter(
    ({ host, open, state }) =>
      host.claim === 'wanted' &&
      open &&
      // While suspended nothing is performed: that something would be keeps the edit unobserved.
      (suspended ? state !== 'Attached' : !host.ledger) &&
      facts.identity.state === 'known' &&
      // What is there already needs no slot, only a HostIdentity that records it.
      (byName || slots.attach.has(host.key) || host.shown),
  );
  const opens = suspended
    ? status.rolloutSlots !== undefined
    : needed.length > 0 && opensMore(status.rolloutSlots, object.status?.rolloutSlots);
  const actions: Action[] = [
    ...(opens ? [{ type: 'saveStatus', status, why: 'its hosts go by its slots' } as const] : []),
    ...(needed.length > 0
      ? [{ type: 'ensureHosts', hostIds: needed.map(({ host }) => host.id) } as const]
      : []),
  ];
  const gives = needed.length > 0 || slots.attach.size + slots.detach.size > 0;
  const holds = gives || all.some(({ host }) => entriesOf(host.ledger).length > 0);
  return [...(holds ? finalizerOf(object) : []), ...actions];
}

/** Published before the first slot is given, once for those that wait at the same time: the status remembers it. */
function warn(
  object: IdentityAttachment,
  facts: Facts,
  all: readonly Target[],
  status: AttachmentDecision['status'],
): Action[] {
  const about = all.filter(({ reason }) => reason === RESTARTS);
  if (about.length === 0) return [];
  const before = object.status?.targets ?? [];
  if (before.some(({ reason }) => reason === RESTARTS)) return [];
  const limit = limitOf(object, facts);
  const message = `${facts.type.name} restarts when an identity is attached: ${resources(about.length)} (${named(about.map(({ host }) => host))}), ${limit} at a time; spec.suspend: true holds it up`;
  return [
    { type: 'recordEvent', event: { type: 'Warning', reason: RESTARTS, action: 'Attach', message } },
    { type: 'saveStatus', status, why: 'the warning is given once' },
  ];
}

/** Nothing is known of the hosts, or nothing may be: the status stays as it is. */
function stop(object: IdentityAttachment, facts: Facts, summary: Summary): AttachmentDecision {
  return { actions: [], status: stillStatus(object, facts), summary };
}

/** A list enqueues the objects that wait for it. */
function loadingSummary(
  { status, metadata }: IdentityAttachment,
  subscriptionId: string,
  type: string,
): Summary {
  const list = `the first list of ${type} in subscription ${subscriptionId}`;
  return {
    state: 'waiting',
    for: list,
    message: `waiting for ${list}`,
    recheckMs: 60_000,
    keep: status?.observedGeneration === metadata.generation,
  };
}
