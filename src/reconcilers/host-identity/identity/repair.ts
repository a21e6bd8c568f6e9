import { mayGive } from '../../hosts/claims/by-identity.ts';
import { type Line, SYSTEM, withState } from '../../hosts/ledger/lines.ts';
import {
  DEAD_IN_THE_WAY,
  DEAD_ON_HOST,
  IDENTITY_NOT_FOUND,
  IDENTITY_RECYCLED,
  IN_USE,
  isHeldBack,
  isOwnVerdict,
  withProblem,
} from '../../hosts/ledger/problems.ts';
import {
  type Case,
  type CaseDecision,
  type Change,
  idOf,
  isOwned,
  isTakenOver,
  nameInEvents,
  unreadable,
  whyOf,
} from './case.ts';
import { useOf } from './detach.ts';

/**
 * An identity that was deleted or made again leaves its id on the host without a principal, or with its old one, and no
 * token comes of it. Adding it once more is accepted by Azure and changes nothing: it is removed by one write and added
 * by a later one (docs/guarantees.md G8).
 */

/** The host shows another principal than the identity has now. */
export function isAnother({ key, shown, facts }: Case): boolean {
  const observed = facts.identities.get(key);
  if (observed?.state !== 'present' || shown?.principalId === undefined) return false;
  return observed.principalId.toLowerCase() !== shown.principalId.toLowerCase();
}

/** What the next write puts right, or what was waited for. */
const MAY_BE_OVER: ReadonlySet<string> = new Set([
  IDENTITY_NOT_FOUND,
  IDENTITY_RECYCLED,
  DEAD_ON_HOST,
  IN_USE,
]);

export function repair(each: Case, base: Line): CaseDecision {
  const { key, facts, wants, host, shown, atWork } = each;
  const { now } = facts;
  // Switched on, and its principal is about to show.
  if (key === SYSTEM) return { line: base, pending: true };
  const own = { ...base, owned: isOwned(each) };
  // New on the resource, and not yet there with its ids: another tool attaches it, or a write of azid whose end is not
  // known still runs.
  if (shown?.principalId === undefined && atWork) return { line: own, pending: true };
  const observed = facts.identities.get(key);
  const id = idOf(each);
  if (base.problem?.reason === DEAD_IN_THE_WAY && own.owned)
    return { line: own, change: removal(each, own, id) };
  if (observed?.state === 'absent') {
    const message = `identity ${id} does not exist; ${host.id} still has its id, without rights: azid attaches it anew when it is there again`;
    return {
      line: withProblem(withState(own, 'Refused', now), { reason: IDENTITY_NOT_FOUND, message }, now),
    };
  }
  if (observed?.state === 'unreadable') return unreadable(own, observed.failure, id, now);
  const accepted = facts.accepted.get(key);
  if (accepted && accepted.until > now) return { line: own, pending: true };
  // azid takes away only what it attached, though it be to attach it anew (docs/guarantees.md G5).
  if (!own.owned && !isTakenOver(each)) {
    const message = `${host.id} has an entry of identity ${id} that gives no tokens, since the identity was made again after somebody else attached it; azid takes away only what it attached: detach it there, and azid attaches it anew, or let azid take it over (spec.adoption: Adopt, which a policy must allow)`;
    return { line: withProblem(withState(own, 'Refused', now), { reason: DEAD_ON_HOST, message }, now) };
  }
  const claimants = wants.filter(mayGive);
  if (claimants.length === 0) return { line: own };
  if (!claimants.some(({ hasSlot }) => hasSlot) && own.state !== 'Attaching') {
    const message = `identity ${id} was made again; it waits for its turn to be attached anew to ${host.id}`;
    return {
      line: withProblem(withState(own, 'Refused', now), { reason: IDENTITY_RECYCLED, message }, now),
    };
  }
  const holders = new Set(own.owners.map(({ uid }) => uid));
  const use = useOf(
    each,
    // Who may not have it here, and has not, consents to nothing.
    wants.filter((claim) => mayGive(claim) || holders.has(claim.owner.uid)),
  );
  if (use) {
    const message = `identity ${id} was made again, and to be attached anew its old entry must come off; ${use.message}`;
    return { line: withProblem(withState(own, 'Refused', now), { ...use, message }, now) };
  }
  const isOver = own.problem !== undefined && MAY_BE_OVER.has(own.problem.reason);
  if (!isOver && !isOwnVerdict(own) && isHeldBack(own, now)) return { line: own };
  return {
    line: own,
    change: {
      ...removal(each, own, id),
      recycled: true,
      alone: own.problem !== undefined && !isOver,
      replaceAllowed: claimants.some(({ allowReplace }) => allowReplace),
      why: `${nameInEvents(each, id)} was made again: its old one is removed first, ${whyOf(claimants)}`,
    },
  };
}

function removal(each: Case, base: Line, id: string): Change {
  return {
    what: 'remove',
    key: each.key,
    id,
    credential: base.credential,
    // Its old principal stays: by that a new process knows a removal that is to be followed by an add.
    intent: { ...withState(base, 'Attaching', each.facts.now), owned: true },
    alone: false,
    replaceAllowed: true,
    why: `${nameInEvents(each, id)}, which no longer exists and because of which Azure refuses every change`,
  };
}
