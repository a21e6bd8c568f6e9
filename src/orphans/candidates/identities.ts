import type { ObservedIdentity } from '../observed.ts';
import { type Finding, type Judging, keptBy, keptByDoubt, keptByMaker } from './listing.ts';

/** At most so many of what hangs on an identity are named. */
const NAMED = 3;

/** What an identity is listed as; undefined: it is no candidate. That it is azid's own is judged before. */
export function identityFinding(identity: ObservedIdentity, judging: Judging): Finding | undefined {
  const { observed, spec } = judging;
  const { owner } = identity;
  switch (owner.state) {
    case 'living':
      return unused(identity, observed.now, spec.unusedAfterMs);
    case 'retained':
    case 'otherInstallation':
      return undefined;
    case 'unknown':
      return {
        type: 'Identity',
        reason: 'OwnerUnknown',
        kept: keptBy('OwnerUnknown', owner.why, 'held'),
      };
    case 'gone': {
      const kept =
        keptByHanging(identity) ?? keptByMaker(identity, judging) ?? keptByDoubt(identity, observed.areas);
      return {
        type: 'Identity',
        reason: 'OwnerGone',
        owner: owner.owner,
        ...(owner.uid !== undefined && { ownerUid: owner.uid }),
        ...(kept && { kept }),
      };
    }
  }
}

function keptByHanging({ hanging }: ObservedIdentity): Finding['kept'] {
  const seen = hanging.filter(({ what }) => what !== 'unread').map(({ name }) => name);
  if (seen.length > 0) {
    const more = seen.length > NAMED ? ` and ${seen.length - NAMED} more` : '';
    const why = `${seen.slice(0, NAMED).join(', ')}${more} hang${seen.length === 1 ? 's' : ''} on it`;
    return keptBy('InUse', why, 'held');
  }
  const [unread] = hanging;
  if (!unread) return undefined;
  return keptBy('UseUnknown', `what hangs on it was not read to the end: ${unread.name}`, 'unknown');
}

function unused(
  { unusedSince }: ObservedIdentity,
  now: number,
  unusedAfterMs: number | undefined,
): Finding | undefined {
  if (unusedAfterMs === undefined || unusedSince === undefined || now - unusedSince < unusedAfterMs)
    return undefined;
  const since = new Date(unusedSince).toISOString();
  const only = `nothing is known to have used it since ${since}; delete its UserAssignedIdentity if nobody needs it`;
  return { type: 'Identity', reason: 'Unused', only };
}
