import type { ObservedAssignment } from '../observed.ts';
import { type Finding, type Judging, keptBy, keptByDoubt, keptByMaker } from './listing.ts';

/** What an assignment that azid made is listed as; undefined: it is no candidate. */
export function assignmentFinding(assignment: ObservedAssignment, judging: Judging): Finding | undefined {
  const { observed } = judging;
  const { owner, principal, endsAt } = assignment;
  if (owner.state === 'living' || owner.state === 'otherInstallation') return undefined;
  if (owner.state === 'unknown')
    return finding('OwnerUnknown', undefined, keptBy('OwnerUnknown', owner.why, 'held'));
  const doubt = keptByDoubt(assignment, observed.areas);
  // `Retain` counts until the end that was given with it, and no longer (docs/guarantees.md G23).
  if (endsAt !== undefined && endsAt <= observed.now) {
    const elsewhere = keptByMaker(assignment, judging);
    // The end stands in the records of this cluster, so it gave it; another may have an equal grant that does not end.
    return finding('Ended', owner.owner, elsewhere?.because === 'MadeElsewhere' ? elsewhere : doubt);
  }
  if (owner.state === 'retained') {
    if (principal.state !== 'gone') return undefined;
    const why = `deletionPolicy Retain of ${owner.owner} left it; it gives nobody anything, delete it by hand`;
    return finding('PrincipalGone', owner.owner, keptBy('Retained', why, 'held'));
  }
  const kept = keptByMaker(assignment, judging) ?? doubt;
  switch (principal.state) {
    case 'present':
      return finding('OwnerGone', owner.owner, kept);
    case 'gone':
      return finding('PrincipalGone', owner.owner, kept);
    case 'softDeleted': {
      const why = `principal ${assignment.principalId} is deleted and can be restored for 30 days`;
      return finding('OwnerGone', owner.owner, keptBy('PrincipalSoftDeleted', why, 'held'));
    }
    case 'unknown': {
      const why = `whether principal ${assignment.principalId} is there cannot be told: ${principal.why}`;
      return finding('OwnerGone', owner.owner, keptBy('PrincipalUnknown', why, 'unknown'));
    }
  }
}

function finding(reason: Finding['reason'], owner: string | undefined, kept: Finding['kept']): Finding {
  return { type: 'RoleAssignment', reason, ...(owner !== undefined && { owner }), ...(kept && { kept }) };
}
