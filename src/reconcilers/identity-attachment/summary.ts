import { CONFIRM_DETACH_ANNOTATION } from '../../api/identity-attachment.ts';
import { type Finding, timestamp } from '../../runtime/status/conditions.ts';
import { RECHECK_INSIDE_MS, RECHECK_OUTSIDE_MS, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { contestFinding, fullFinding } from '../hosts/ledger/host-message.ts';
import { MAX_OWNERS } from '../hosts/ledger/lines.ts';
import { removalBlocked, removalFree } from '../status/refusals.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';
import type { Facts, IdentityAttachment } from './facts.ts';
import type { RolloutPlan } from './rollout.ts';
import { named, resources } from './status.ts';
import type { Target } from './targets/target.ts';
import { RESTARTS, type Targets } from './targets/targets.ts';

/** The summary of the object as a whole, from its status on each host. */

/** A host's ledger enqueues the object; this is the safety net while something is under way. */
const RECHECK_UNDER_WAY_MS = 60_000;

export function summaryOfTargets(
  object: IdentityAttachment,
  facts: Facts,
  { all, tooWide }: Targets,
  plan: RolloutPlan,
): Summary {
  const { identity } = facts;
  const what = identity.state === 'known' ? `identity ${identity.id}` : 'the identity';
  const at = (state: Target['state']) => all.filter((target) => target.state === state);
  const [failed, waiting, attaching, pending, detaching] = [
    at('Failed'),
    at('Waiting'),
    at('Attaching'),
    at('Pending'),
    at('Detaching'),
  ];
  const [only] = object.spec.target.selector ? [] : failed;
  if (plan.blocked) return stalledInside('DetachShareExceeded', tooMany(plan.blocked));
  if (only) return alone(only);
  if (identity.state === 'waiting') {
    return { state: 'waiting', for: identity.for, message: identity.message, recheckMs: RECHECK_INSIDE_MS };
  }
  const underWay = [...attaching, ...pending, ...detaching];
  if (failed.length > 0) return someFailed(failed, all, plan.halted ? [] : underWay);
  const contested = attaching.filter((target) => target.contested);
  if (contested.length > 0) {
    const message = `somebody keeps taking ${what} away from ${named(hostsOf(contested))}; azid gives it back with growing pauses: find out who does`;
    return { state: 'progressing', reason: 'Contested', message, againMs: RECHECK_OUTSIDE_MS };
  }
  if (attaching.length + pending.length > 0) {
    const restarts = [...attaching, ...pending].some(({ reason }) => reason === RESTARTS);
    const warning = restarts ? `; ${facts.type.name} restarts when an identity is attached` : '';
    const message = `attaching ${what}: ${count(attaching, 'being changed')}, ${count(pending, 'waiting for their turn')}${warning}`;
    return { state: 'progressing', reason: 'Attaching', message, againMs: RECHECK_UNDER_WAY_MS };
  }
  const stuck = detaching.filter(isStuck);
  if (detaching.length > stuck.length) {
    const [first] = detaching.filter(({ reason }) => reason !== undefined);
    const why = first?.message === undefined ? '' : `; ${first.message}`;
    const message = `detaching from ${resources(detaching.length)}: ${named(hostsOf(detaching))}${why}`;
    return { state: 'progressing', reason: 'Detaching', message, againMs: RECHECK_UNDER_WAY_MS };
  }
  const [absent] = waiting;
  if (absent) {
    const more = waiting.length > 1 ? `, and ${waiting.length - 1} more` : '';
    return {
      state: 'waiting',
      for: absent.host.id,
      message: `${absent.message ?? `waiting for ${absent.host.id}`}${more}`,
      recheckMs: RECHECK_INSIDE_MS,
    };
  }
  // All that is asked for is attached; what cannot go has a condition of its own.
  const wanted = all.filter((target) => !isStuck(target) || target.host.claim === 'wanted');
  const nextMs = stuck.length > 0 ? RECHECK_OUTSIDE_MS : RECHECK_READY_MS;
  const ready = done(object, wanted, what, tooWide);
  const { mayMissUntil: until, now } = facts;
  if (until === undefined) return { state: 'ready', nextMs, ...ready };
  // The list that shows them enqueues the object; if it is late, that is reported, too.
  const lateMs = until + LATE_MS - now;
  return {
    state: 'ready',
    nextMs: lateMs > 0 ? Math.min(nextMs, lateMs) : nextMs,
    reason: ready.reason,
    message: `${ready.message}; ${listNote(until, lateMs <= 0)}`,
  };
}

/** A list takes a while, and waits for its turn. */
const LATE_MS = 60_000;

function listNote(until: number, late: boolean): string {
  const at = timestamp(until);
  return late
    ? `resources that were made lately may be missing: the list that shows them was due at ${at} and has not come`
    : `until ${at} resources that were made lately may be missing, since lists of Azure lag`;
}

/** Azure, or who uses it there, keeps it where it is no longer asked for. One that is gone is about to be forgotten. */
function isStuck({ state, reason, host }: Target): boolean {
  return state === 'Detaching' && reason !== undefined && host.claim !== 'gone';
}

/** `RemovalBlocked`: what is no longer asked for and cannot be detached; `Ready` is about the rest. */
export function leftovers(object: IdentityAttachment, targets: readonly Target[]): readonly Finding[] {
  const stuck = targets.filter(isStuck);
  const [{ reason = 'Failed', message = '' } = {}] = stuck;
  if (stuck.length === 0) return removalFree(object);
  return [
    removalBlocked(
      hostsOf(stuck).map(({ id }) => id),
      { reason, message },
    ),
  ];
}

function done(
  { spec }: IdentityAttachment,
  all: readonly Target[],
  what: string,
  tooWide: boolean,
): { readonly reason: string; readonly message: string } {
  const { selector } = spec.target;
  const left = tooWide
    ? '; it covers more than the IdentityPolicies of the namespace allow, and resources there are left out'
    : '';
  if (all.length === 0 && selector) {
    const message = `no ${selector.type} in subscription ${selector.subscriptionId} is found by the selector now; those that appear get ${what}${left}`;
    return { reason: 'NothingSelected', message };
  }
  const where = all.length === 1 ? (all[0]?.host.id ?? '') : `all ${resources(all.length)}`;
  const foreign = all.filter(({ reason }) => reason === 'ExistsUnmanaged');
  if (foreign.length === all.length) {
    const message = `${what} was attached to ${where} before azid, and is left alone: ${foreign[0]?.message ?? ''}`;
    return { reason: 'ExistsUnmanaged', message };
  }
  const also = foreign.length > 0 ? `; to ${foreign.length} of them by somebody else` : '';
  return {
    reason: 'Attached',
    message: `${what} is attached to ${where}${also}${left.replace('it covers', 'the selector covers')}`,
  };
}

/** The object names one resource, so what is wrong with that is wrong with the object. */
function alone({ reason = 'Failed', message = '' }: Target): Summary {
  return reason === 'PolicyDenied' ? stalledInside(reason, message) : stalledOutside(reason, message);
}

function someFailed(failed: readonly Target[], all: readonly Target[], underWay: readonly Target[]): Summary {
  const [first] = failed;
  const message = `${failed.length} of ${resources(all.length)} cannot have the identity: ${named(hostsOf(failed))}; the first: ${first?.reason}: ${first?.message}`;
  return underWay.length > 0
    ? { state: 'progressing', reason: 'SomeTargetsFailed', message, againMs: RECHECK_UNDER_WAY_MS }
    : stalledOutside('SomeTargetsFailed', message);
}

function tooMany({ count: all, total }: NonNullable<RolloutPlan['blocked']>): string {
  return `${all} of ${resources(total)} would lose the identity, more than rollout.maxDetachShare allows at once; none is detached. If that is meant, set annotation ${CONFIRM_DETACH_ANNOTATION}: "${all}"; else correct spec.target`;
}

export function contest(object: IdentityAttachment, targets: readonly Target[]): readonly Finding[] {
  const contested = targets.filter((target) => target.contested);
  const message = `somebody else keeps taking the identity away from ${resources(contested.length)}: ${named(hostsOf(contested))}`;
  const settled = 'nobody takes the identity away any more';
  return contestFinding(object, contested.length > 0 ? message : undefined, settled);
}

export function full(object: IdentityAttachment, targets: readonly Target[]): readonly Finding[] {
  const crowded = targets.filter(
    ({ host, reason }) => host.claim === 'wanted' && host.ledger?.unnamed && reason !== 'PolicyDenied',
  );
  const message = `the HostIdentity of ${named(hostsOf(crowded))} names ${MAX_OWNERS} objects for the identity, and has no room for this one: it has the identity there only while one of them keeps it on and a policy allows it; delete IdentityAttachments that nobody needs, one of them serves all who use the resource`;
  return fullFinding(object, crowded.length > 0 ? message : undefined, 'each HostIdentity names this object');
}

function hostsOf(targets: readonly Target[]): readonly Target['host'][] {
  return targets.map(({ host }) => host);
}

function count(targets: readonly Target[], text: string): string {
  return `${targets.length} ${text}`;
}
