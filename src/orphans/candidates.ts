import { type Evaluation, type Finding, keptBy, keptByDoubt, keptByMaker, listed } from './listing.ts';
import type {
  ObservedAssignment,
  ObservedCredential,
  ObservedIdentity,
  ObservedOwner,
  OrphanType,
} from './observed.ts';
import type { Candidate, SweepReport } from './report.ts';
import { isAzidItself } from './traits.ts';

/** What of an observation is listed and why, type by type, and of how many things. */

export type Found = Pick<SweepReport, 'candidates' | 'evaluated' | 'untouched'>;

type Thing = Parameters<typeof listed>[0] & {
  readonly owner: ObservedOwner;
  readonly principalId: string;
  readonly clientId?: string;
};

export function candidatesOf(evaluation: Evaluation): Found {
  const { observed } = evaluation;
  const candidates: Candidate[] = [];
  const evaluated = { Identity: 0, RoleAssignment: 0, FederatedIdentityCredential: 0 };
  const untouched = { living: 0, retained: 0, otherInstallation: 0, self: 0 };
  const take = <T extends Thing>(
    type: OrphanType,
    things: readonly T[],
    find: (thing: T, evaluation: Evaluation) => Finding | undefined,
  ) => {
    for (const thing of things) {
      const { state } = thing.owner;
      if (isAzidItself(thing, observed.self)) {
        untouched.self++;
        continue;
      }
      if (state !== 'otherInstallation') evaluated[type]++;
      const finding = find(thing, evaluation);
      if (finding) candidates.push(listed(thing, finding, evaluation));
      else if (state !== 'gone' && state !== 'unknown') untouched[state]++;
    }
  };
  take('RoleAssignment', observed.assignments, assignmentFinding);
  take('FederatedIdentityCredential', observed.credentials, credentialFinding);
  take('Identity', observed.identities, identityFinding);
  for (const foreign of observed.foreignDead) {
    if (isAzidItself(foreign, observed.self)) continue;
    const only = `principal ${foreign.principalId} is gone, and azid did not make the assignment`;
    const finding = { type: 'RoleAssignment', reason: 'ForeignPrincipalGone', only } as const;
    candidates.push(listed({ ...foreign, instance: foreign.principalId }, finding, evaluation));
  }
  return { candidates, evaluated, untouched };
}

/** What an assignment that azid made is listed as; undefined: it is no candidate. */
function assignmentFinding(assignment: ObservedAssignment, evaluation: Evaluation): Finding | undefined {
  const { observed } = evaluation;
  const { owner, principal, endsAt } = assignment;
  if (owner.state === 'living' || owner.state === 'otherInstallation') return undefined;
  if (owner.state === 'unknown')
    return assignmentAs('OwnerUnknown', undefined, keptBy('OwnerUnknown', owner.why, 'held'));
  const doubt = keptByDoubt(assignment, observed.areas);
  // `Retain` counts until the end that was given with it, and no longer (docs/guarantees.md G23).
  if (endsAt !== undefined && endsAt <= observed.now) {
    const elsewhere = keptByMaker(assignment, evaluation);
    // The end is in the records of this cluster, so this cluster gave it; another may have an equal grant that does not end.
    return assignmentAs('Ended', owner.owner, elsewhere?.because === 'MadeElsewhere' ? elsewhere : doubt);
  }
  if (owner.state === 'retained') {
    if (principal.state !== 'gone') return undefined;
    const why = `deletionPolicy Retain of ${owner.owner} left it; it gives nobody anything, delete it by hand`;
    return assignmentAs('PrincipalGone', owner.owner, keptBy('Retained', why, 'held'));
  }
  const kept = keptByMaker(assignment, evaluation) ?? doubt;
  switch (principal.state) {
    case 'present':
      return assignmentAs('OwnerGone', owner.owner, kept);
    case 'gone':
      return assignmentAs('PrincipalGone', owner.owner, kept);
    case 'softDeleted': {
      const why = `principal ${assignment.principalId} is deleted and can be restored for 30 days`;
      return assignmentAs('OwnerGone', owner.owner, keptBy('PrincipalSoftDeleted', why, 'held'));
    }
    case 'unknown': {
      const why = `whether principal ${assignment.principalId} is there cannot be told: ${principal.why}`;
      return assignmentAs('OwnerGone', owner.owner, keptBy('PrincipalUnknown', why, 'unknown'));
    }
  }
}

function assignmentAs(reason: Finding['reason'], owner: string | undefined, kept: Finding['kept']): Finding {
  return { type: 'RoleAssignment', reason, ...(owner !== undefined && { owner }), ...(kept && { kept }) };
}

/** What a credential that azid made is listed as; undefined: it is no candidate. */
function credentialFinding(credential: ObservedCredential, evaluation: Evaluation): Finding | undefined {
  const { owner } = credential;
  switch (owner.state) {
    case 'living':
    case 'retained':
    case 'otherInstallation':
      return undefined;
    case 'unknown':
      return {
        type: 'FederatedIdentityCredential',
        reason: 'OwnerUnknown',
        kept: keptBy('OwnerUnknown', owner.why, 'held'),
      };
    case 'gone': {
      const kept = keptByMaker(credential, evaluation) ?? keptByDoubt(credential, evaluation.observed.areas);
      return {
        type: 'FederatedIdentityCredential',
        reason: 'OwnerGone',
        owner: owner.owner,
        ...(kept && { kept }),
      };
    }
  }
}

/** At most so many of what hangs on an identity are named. */
const NAMED = 3;

/** What an identity is listed as; undefined: it is no candidate. That it is azid's own is excluded before. */
function identityFinding(identity: ObservedIdentity, evaluation: Evaluation): Finding | undefined {
  const { observed, spec } = evaluation;
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
        keptByHanging(identity) ?? keptByMaker(identity, evaluation) ?? keptByDoubt(identity, observed.areas);
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
