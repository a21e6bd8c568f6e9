import { namesAnother } from '../../../azure/names/identity-marks.ts';
import type { Facts, IdentityDecision, SeenIdentity, UserAssignedIdentity } from '../facts.ts';
import { ownerOf, ownStatus } from '../object.ts';
import { isSomebodyElses } from './overwritten.ts';

/**
 * Marks that were stripped are put back by the object that Azure last showed as the owner, and by no other. So what azid keeps
 * of everybody else is withdrawn before anything is concluded from such marks, and before another object sets its own
 * (docs/design/2026-11-29-records-withdrawn.md).
 */

/** What Azure shows contradicts what is kept. That takes away, so it needs no permission, and holds while suspended. */
export function withdrawContradicted(
  object: UserAssignedIdentity,
  facts: Facts,
): IdentityDecision | undefined {
  const observed = facts.azure;
  // Marks that are azid's own mistake say nothing of anybody.
  if (observed?.state !== 'present' || isSomebodyElses(object, facts, observed.identity)) return undefined;
  const { tags, principalId, id } = observed.identity;
  const me = ownerOf(object, facts);
  const uids = facts.holders.filter((uid) => namesAnother(tags, me, uid));
  if (uids.length === 0) return undefined;
  return {
    actions: [{ type: 'withdrawPrincipal', principalId, uids }],
    status: ownStatus(object),
    summary: {
      state: 'progressing',
      reason: 'Updating',
      message: `taking note of whose identity ${id} is`,
      againMs: 0,
    },
    binds: true,
  };
}

/** Those who would take the identity back from the object that is about to get it. */
export function otherHolders(
  { metadata }: UserAssignedIdentity,
  { holders }: Facts,
  { principalId }: SeenIdentity,
): Extract<IdentityDecision['actions'][number], { type: 'withdrawPrincipal' }>[] {
  const uids = holders.filter((uid) => uid !== metadata.uid);
  return uids.length === 0 ? [] : [{ type: 'withdrawPrincipal', principalId, uids }];
}
