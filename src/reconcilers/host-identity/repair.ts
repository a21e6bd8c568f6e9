import { mayGive } from './claims.ts';
import { type Line, SYSTEM } from './facts.ts';
import { type Case, type Change, idOf, type Judged, nameInNotes, whyOf, withState } from './judged.ts';
import {
  DEAD_IN_THE_WAY,
  IDENTITY_NOT_FOUND,
  IDENTITY_RECYCLED,
  isHeldBack,
  withProblem,
} from './problems.ts';
import { unreadable } from './unreadable.ts';

/**
 * An identity that was deleted or made again leaves its id on the host without a principal, or with its old one, and no
 * token comes of it. Azure takes adding it over for nothing: it is removed by one write and added by a later one
 * (guarantees.md G8).
 */

/** The host shows another principal than the identity has now. */
export function isAnother({ key, shown, facts }: Case): boolean {
  const view = facts.identities.get(key);
  if (view?.state !== 'present' || shown?.principalId === undefined) return false;
  return view.principalId.toLowerCase() !== shown.principalId.toLowerCase();
}

export function repair(each: Case, base: Line): Judged {
  const { key, facts, wants, host } = each;
  const { now } = facts;
  // Switched on, and its principal is about to show.
  if (key === SYSTEM) return { line: base, pending: true };
  const view = facts.identities.get(key);
  const id = idOf(each);
  const inTheWay = base.problem?.reason === DEAD_IN_THE_WAY && base.owned;
  if (inTheWay) return { line: base, change: removal(each, base, id) };
  if (view?.state === 'absent') {
    const message = `identity ${id} does not exist; ${host.id} still has its id, without rights: azid attaches it anew when it is there again`;
    return {
      line: withProblem(withState(base, 'Refused', now), { reason: IDENTITY_NOT_FOUND, message }, now),
    };
  }
  if (view?.state === 'unreadable') return unreadable(base, view.failure, id, now);
  const givers = wants.filter(mayGive);
  if (givers.length === 0) return { line: base };
  const accepted = facts.accepted.get(key);
  if (accepted?.wanted === 'absent' && accepted.until > now) return { line: base, pending: true };
  if (!givers.some(({ turn }) => turn) && base.state !== 'Attaching') {
    const message = `identity ${id} was made again; it waits for its turn to be attached anew to ${host.id}`;
    return {
      line: withProblem(withState(base, 'Refused', now), { reason: IDENTITY_RECYCLED, message }, now),
    };
  }
  const moot = base.problem?.reason === IDENTITY_NOT_FOUND || base.problem?.reason === IDENTITY_RECYCLED;
  if (!moot && isHeldBack(base, now)) return { line: base };
  return {
    line: base,
    change: {
      ...removal(each, base, id),
      recycled: true,
      alone: base.problem !== undefined && !moot,
      replaceAllowed: givers.some(({ allowReplace }) => allowReplace),
      why: `${nameInNotes(each, id)} was made again: its old one is removed first, ${whyOf(givers)}`,
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
    why: `${nameInNotes(each, id)}, which no longer exists and because of which Azure refuses every change`,
  };
}
