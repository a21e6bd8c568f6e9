import { timestamp } from '../../../runtime/status/conditions.ts';
import type { ReconcileEvent } from '../../decision.ts';
import { mayGive } from '../../hosts/claims/by-identity.ts';
import { pausedUntil, withLoss } from '../../hosts/ledger/contest.ts';
import { type Line, SYSTEM, withState } from '../../hosts/ledger/lines.ts';
import {
  CONTESTED,
  DEAD_IN_THE_WAY,
  DEAD_ON_HOST,
  IDENTITY_NOT_FOUND,
  IDENTITY_RECYCLED,
  IN_USE,
  isHeldBack,
  isOwnVerdict,
  TAKEN_AWAY,
  withoutProblem,
  withProblem,
} from '../../hosts/ledger/problems.ts';
import { type Case, type CaseDecision, idOf, nameInEvents, unreadable, whyOf } from './case.ts';

/** It is wanted, and the host does not have it: given, unless its line names what prevents it. */
export function attach(each: Case, base: Line): CaseDecision {
  const { key, facts, wants } = each;
  const { now, identities } = facts;
  const accepted = facts.accepted.get(key);
  if (accepted?.wanted === 'present' && accepted.until > now && base.state === 'Attaching')
    return { line: base, pending: true };
  const { line, events } = missed(each, base);
  const claimants = wants.filter(mayGive);
  if (claimants.length === 0) {
    // Nothing may be given, and nothing is there: nothing to remember, unless a write is still under way.
    return facts.window.openMs > 0 || !each.settled ? { line, events, pending: true } : { events };
  }
  const id = idOf(each);
  const isOpen = claimants.some(({ hasSlot }) => hasSlot);
  if (!isOpen && each.line?.state === 'Attached') {
    const message = `identity ${id} is gone from ${each.host.id}; it waits for its turn to be attached again`;
    return {
      line: withProblem(withState(line, 'Refused', now), { reason: TAKEN_AWAY, message }, now),
      events,
    };
  }
  if (!isOpen && line.state === 'Refused') return { line, events };

  const observed = identities.get(key);
  if (observed?.state === 'absent') {
    const message = `identity ${id} does not exist; azid goes on when it is there`;
    return {
      line: withProblem(withState(line, 'Refused', now), { reason: IDENTITY_NOT_FOUND, message }, now),
      events,
    };
  }
  if (observed?.state === 'unreadable') return { ...unreadable(line, observed.failure, id, now), events };
  const until = pausedUntil(line, now);
  if (until > now) {
    const message = `somebody took it away ${line.losses} times in a row; azid gives it back at ${timestamp(until)}`;
    const problem = { reason: CONTESTED, message, attempts: line.losses ?? 0, notBefore: timestamp(until) };
    return { line: { ...withState(line, 'Attaching', now), problem }, events };
  }
  const isOver = mayBeOver(line, observed?.state === 'present');
  if (!isOver && !isOwnVerdict(line) && isHeldBack(line, now)) return { line, events };
  const ready = isOver ? withoutProblem(line) : line;
  return {
    line: ready,
    events,
    change: {
      what: 'add',
      key,
      id,
      credential: line.credential,
      intent: { ...withState(ready, 'Attaching', now), owned: true, principalId: undefined },
      alone: ready.problem !== undefined,
      replaceAllowed: claimants.some(({ allowReplace }) => allowReplace),
      why: `${nameInEvents(each, id)} ${whyOf(claimants)}`,
    },
  };
}

/** Whether its problem may be over before its back-off ends. */
function mayBeOver({ problem }: Line, isPresent: boolean): boolean {
  switch (problem?.reason) {
    case IDENTITY_NOT_FOUND:
      return isPresent;
    case IDENTITY_RECYCLED:
    case TAKEN_AWAY:
    case DEAD_IN_THE_WAY:
    case DEAD_ON_HOST:
    case IN_USE:
    case CONTESTED:
      return true;
    default:
      return false;
  }
}

/** Whether another tool took it away: counted once for each time that it was there, or that Azure had accepted it. */
function missed(each: Case, base: Line): { readonly line: Line; readonly events: readonly ReconcileEvent[] } {
  const { key, line, facts, host, recycled } = each;
  const { now } = facts;
  const accepted = facts.accepted.get(key);
  const lastLoss = line?.lastLossAt === undefined ? 0 : Date.parse(line.lastLossAt);
  const neverShown =
    line?.state === 'Attaching' &&
    accepted?.wanted === 'present' &&
    accepted.until <= now &&
    lastLoss < accepted.at;
  const wasThere = line?.state === 'Attached';
  if (!wasThere && !neverShown) return { line: base, events: [] };
  const begun = withState({ ...base, principalId: undefined }, 'Attaching', now);
  // The new resource never had it: it was not taken away, and nothing on the resource is azid's.
  if (recycled) return { line: { ...begun, owned: false }, events: [] };
  const counted = line.owned ? withLoss(begun, timestamp(now)) : begun;
  const name = nameInEvents(each, idOf(each));
  const who = key === SYSTEM ? 'switched off' : 'detached';
  return {
    line: counted,
    events: [
      {
        type: 'Warning',
        reason: 'IdentityLost',
        action: 'Observe',
        message: `${name} was ${who} from ${host.id} by somebody else${line.owned ? '' : '; azid attaches it now'}`,
        drift: { id: host.id, how: 'written', parts: [key] },
      },
    ],
  };
}
