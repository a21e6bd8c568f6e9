import { isSuspended } from '../../../api/schema/common.ts';
import { parseAssignmentId, sameAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey, sameId } from '../../../azure/names/resource-id.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { Summary } from '../../decision.ts';
import { ownStatusOf, stalledInside } from '../../status/summary.ts';
import type { Facts, Failed, GrantDecision, RoleGrant } from '../facts.ts';
import { everything, stop, withoutEntries } from '../object.ts';
import type { Held, ObservedEnd } from '../observed.ts';
import { remove, reportActions, summaryOfStays } from '../removal/removal.ts';
import { isAsked, requestOf } from '../target/target.ts';
import { overOf } from './ends.ts';

/**
 * What an object was given until a time that is over, and its spec asks for longer by now: it goes at the end that binds
 * (docs/guarantees.md G23), unless a policy allows it for longer.
 */

type DecideLife = (object: RoleGrant, facts: Facts, failed?: Failed) => GrantDecision;

/**
 * Something of it has ended. Undefined: all of that may go on.
 *
 * @param decideLife what holds for the object beside that
 */
export function decideEnded(
  object: RoleGrant,
  facts: Facts,
  decideLife: DecideLife,
  failed?: Failed,
): GrantDecision | undefined {
  const over = overOf(facts).filter(({ id }) => !mayGoOn(id, object, facts));
  const undetermined = over.filter((each) => isUndetermined(each, object, facts));
  const determined = over.filter((each) => !undetermined.includes(each));
  if (determined.length > 0) return decideOver(object, facts, determined, decideLife, failed);
  if (undetermined.length === 0) return undefined;
  return { ...stop(object, facts, toBeDetermined(undetermined, facts)), binds: true };
}

/**
 * What the object was given has ended, and no policy allows the later end that its spec asks for by now: it goes all the
 * same, also while the object is suspended. What the spec asks for then is decided as if the object had never had it.
 *
 * @param decideLife what holds for the object beside that
 */
export function decideOver(
  object: RoleGrant,
  facts: Facts,
  over: readonly ObservedEnd[],
  decideLife: DecideLife,
  failed?: Failed,
): GrantDecision {
  const held = heldOf(facts, over);
  const isHeld = (id: string) => held.some((each) => sameAssignmentId(each.id, id));
  const ended = endedAt(over);
  const { deletions, dropped, events, stays } = remove(
    object,
    facts,
    held,
    `what it was given ended at ${ended}`,
    failed,
  );
  if (deletions.length > 0)
    return { ...stop(object, facts, revoking(ended)), actions: deletions, binds: true };
  const left = withoutHeld(facts, over);
  if (stays) {
    // What else is to be removed does not wait for that.
    const actions = isSuspended(object) ? [] : removalsOf(decideLife(object, left, failed));
    return { ...stop(object, facts, summaryOfStays(stays)), actions, binds: true };
  }
  const own = ownStatusOf(object);
  const nothing = { assignmentId: undefined, grantedAt: undefined };
  const status = {
    ...own,
    ...(own.assignmentId !== undefined && isHeld(own.assignmentId) && nothing),
    ledger: withoutEntries(own.ledger, dropped),
  };
  const without = { ...object, status: { ...object.status, ...status } };
  const life = decideLife(without, left, failed);
  const actions = [...reportActions(status, events), ...life.actions];
  if (actions.length === 0) return { ...life, binds: true, rests: { pending: false } };
  if (!isSuspended(object)) return { ...life, actions };
  const message = `what the object was given ended at ${ended}; what it asks for now waits for spec.suspend to be false`;
  return {
    ...stop(without, facts, stalledInside('Expired', message)),
    binds: true,
    rests: { pending: true },
  };
}

/** What was given has ended, but a policy allows it for longer now, as the object asks for by now. */
function mayGoOn(id: string, object: RoleGrant, { policy, target, role }: Facts): boolean {
  if (!target || role?.state !== 'found' || !sameAssignmentId(id, target.id)) return false;
  return policy.allowsGrant(requestOf(object, target, role)).allowed;
}

/**
 * Whether it may go on is not known now, as after a restart: it is revoked late rather than from a grant that may have
 * it, but no later than `releaseAfterMs` after its end.
 */
function isUndetermined({ id, mine }: ObservedEnd, { spec }: RoleGrant, facts: Facts): boolean {
  const { now, releaseAfterMs, policy, principal, role, target } = facts;
  if (now >= (mine?.endsAt ?? 0) + releaseAfterMs) return false;
  if (!sameId(parseAssignmentId(id).scope, spec.scope)) return false;
  if (policy.unseen) return target === undefined || isAsked(target, id);
  if (target) return false;
  if (!policy.allowsAnyGrantAt(spec.scope).allowed) return false;
  if (principal.state === 'unreadable') return true;
  if (principal.state === 'waiting') return !principal.dead && (principal.keep ?? principal.unclear ?? false);
  return role === undefined || role.state === 'loading' || role.state === 'unreadable';
}

function toBeDetermined(
  undetermined: readonly ObservedEnd[],
  { now, releaseAfterMs, policy }: Facts,
): Summary {
  const before = policy.unseen ? `namespace ${policy.namespace} is seen` : 'Azure is read';
  const until = Math.min(...undetermined.map(({ mine }) => (mine?.endsAt ?? 0) + releaseAfterMs));
  return {
    state: 'waiting',
    for: policy.unseen ? `namespace ${policy.namespace}` : 'Azure',
    message: `what was granted has ended, and whether it may go on as declared is not known before ${before}; it is revoked at ${timestamp(until)} at the latest`,
    recheckMs: Math.min(RECHECK_LOADING_MS, until - now),
  };
}

/** The list enqueues whom it shows; this is for those it does not. */
export const RECHECK_LOADING_MS = 10_000;

/** The same with what Azure shows of them. */
function heldOf(facts: Facts, over: readonly ObservedEnd[]): readonly Held[] {
  const keys = new Set(over.map(({ id }) => armKey(id)));
  return everything(facts).filter(({ id }) => keys.has(armKey(id)));
}

/** Nothing, unless taking away is all that is to be done. */
function removalsOf({ actions }: GrantDecision): GrantDecision['actions'] {
  return actions.every(({ type }) => type === 'deleteAssignment') ? actions : [];
}

function revoking(ended: string): Summary {
  const message = `revoking what was given until ${ended}`;
  return { state: 'progressing', reason: 'Revoking', message, againMs: 0 };
}

function endedAt(over: readonly ObservedEnd[]): string {
  return timestamp(Math.max(...over.map(({ mine }) => mine?.endsAt ?? 0)));
}

function withoutHeld(facts: Facts, over: readonly ObservedEnd[]): Facts {
  const gone = new Set(over.map(({ id }) => armKey(id)));
  return { ...facts, held: facts.held.filter(({ id }) => !gone.has(armKey(id))) };
}
