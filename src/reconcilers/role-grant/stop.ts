import type { Summary } from '../decision.ts';
import type { Facts, GrantDecision, ObservedAssignment, OwnStatus, RoleGrant, Target } from './facts.ts';
import { ownStatus, withoutEntries } from './object.ts';
import { propagated } from './propagation.ts';

/** What a decision without actions leaves in the status. */

/** Nothing to do, or nothing that may be done: the status as it stands, less what is proven gone. */
export function stop(
  object: RoleGrant,
  facts: Facts,
  summary: Summary,
  change: Partial<OwnStatus> = {},
): GrantDecision {
  const own = { ...ownStatus(object), ...change };
  return {
    actions: [],
    status: { ...own, ledger: withoutEntries(own.ledger, provenGone(facts)) },
    summary,
    conditions: propagated(own, facts.now, object),
  };
}

/** The ledger loses an entry only when a read proved it gone (docs/guarantees.md G6). */
export function provenGone({ held, azure, target }: Facts): string[] {
  const gone = held.filter(({ observed }) => isGone(observed)).map(({ id }) => id);
  return target && azure && isGone(azure) ? [...gone, target.id] : gone;
}

function isGone(observed: ObservedAssignment): boolean {
  return observed.state === 'absent' && observed.conclusive;
}

/** For messages: `role 'Reader' on /subscriptions/…`. */
export function describe({ roleName, scope, principalId }: Target): string {
  return `role '${roleName}' on ${scope} for principal ${principalId}`;
}
