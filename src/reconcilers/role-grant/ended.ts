import type { Summary } from '../decision.ts';
import { stalledInside, stalledOutside, summaryOf } from '../summaries.ts';
import type { Facts, Failed, GrantDecision, RoleGrant } from './facts.ts';
import { ownStatus, withoutEntries } from './own.ts';
import { whatRemains } from './remains.ts';
import { everything, remove, summaryOfRemoval, told } from './removal.ts';
import { stop } from './standing.ts';

/** The time of the grant is over: it goes, and is never made again. An edit of `expiresAt` brings it back to life. */
export function decideExpiry(object: RoleGrant, facts: Facts, failed?: Failed): GrantDecision {
  const remains = whatRemains(object, facts);
  const ended = `the grant ended at ${object.spec.expiresAt}; it is not made again: set a later spec.expiresAt, or delete the object`;
  const over = remains
    ? // Nothing announces to an object that has nothing that somebody else's assignment went.
      stalledOutside('Expired', `${ended}. But ${remains}`)
    : stalledInside('Expired', ended);
  return takeBack(object, facts, over, `it expired at ${object.spec.expiresAt}`, failed);
}

/** The identity is gone for good, and its principal with it: what was granted to that principal goes. */
export function decideWithoutPrincipal(
  object: RoleGrant,
  facts: Facts,
  waiting: Summary,
  failed?: Failed,
): GrantDecision {
  return takeBack(object, facts, waiting, 'its principal no longer exists', failed);
}

const NOT_GRANTED = {
  reason: 'NotGranted',
  message: 'there is no assignment whose effect could be awaited',
} as const;

function takeBack(
  object: RoleGrant,
  facts: Facts,
  then: Summary,
  why: string,
  failed: Failed | undefined,
): GrantDecision {
  const removal = remove(object, facts, everything(facts), why);
  if (failed && removal.state === 'act') return stop(object, facts, summaryOf(failed.failure));
  switch (removal.state) {
    case 'act':
      return { ...stop(object, facts, then), actions: [removal.action] };
    case 'wait':
    case 'blocked':
      return stop(object, facts, summaryOfRemoval(removal));
    case 'done': {
      const own = ownStatus(object);
      const nothing = { assignmentId: undefined, grantedAt: undefined, writeStartedAt: undefined };
      const status = { ...own, ...nothing, ledger: withoutEntries(own.ledger, removal.dropped) };
      return {
        actions: told(status, removal.notes),
        status,
        summary: then,
        conditions: (object.status?.conditions ?? [])
          .filter(({ type }) => type === 'Propagated')
          .map(({ type }) => ({ type, status: 'False', ...NOT_GRANTED })),
      };
    }
  }
}
