import { armKey } from '../../azure/names/resource-id.ts';
import type { Facts, GrantDecision, ObservedAssignment, RoleGrant } from './facts.ts';
import { isExpired } from './object.ts';

/** Who gets the role, among what is to be read live. */
export const PRINCIPAL = 'principal';

/**
 * What of a decision rests on a cache alone: the assignments that it writes or deletes, or that the ledger forgets
 * for good, by their keys; and whose they are to be. Nothing is granted to a principal, nor taken from another one
 * for its sake, without a live read.
 */
export function needsLive(object: RoleGrant, facts: Facts, { actions }: GrantDecision): readonly string[] {
  const written = actions.flatMap((action) =>
    action.type === 'putAssignment' ? action.target.id : action.type === 'deleteAssignment' ? action.id : [],
  );
  const forgotten = facts.held.flatMap(({ id, unproven }) => (unproven ? id : []));
  const doubtful = [...forgotten, ...written].map(armKey).filter((key) => !isLive(observedOf(key, facts)));
  // What the cache lacks is read in any case: a list may have left it out (docs/architecture.md section 2).
  if (facts.target && isSuspected(facts.azure)) doubtful.push(armKey(facts.target.id));
  return written.length > 0 && isPrincipalInDoubt(object, facts) ? [...doubtful, PRINCIPAL] : doubtful;
}

/** Read in this reconcile, or not to be had; an observation that says nothing leads to no write. */
export function isLive(observed: ObservedAssignment | undefined): boolean {
  return observed?.state === 'present' ? observed.live : !isSuspected(observed);
}

/** The cache does not have it, and Azure was not asked. */
export function isSuspected(observed: ObservedAssignment | undefined): boolean {
  return observed?.state === 'absent' && observed.suspected === true;
}

function observedOf(key: string, { target, azure, held }: Facts): ObservedAssignment | undefined {
  // One that is denied is read only where it is held.
  if (target && azure && armKey(target.id) === key) return azure;
  return held.find(({ id }) => armKey(id) === key)?.observed;
}

function isPrincipalInDoubt(object: RoleGrant, { principal, now }: Facts): boolean {
  const ending = object.metadata.deletionTimestamp !== undefined || isExpired(object, now);
  return principal.state === 'known' && !principal.live && !ending;
}
