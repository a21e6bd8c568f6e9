/** Everything of an observation that is listed, and how much was judged. */

import type { ObservedOwner, OrphanType } from '../observed.ts';
import type { Candidate, SweepReport } from '../report.ts';
import { isAzidItself } from '../self.ts';
import { assignmentFinding } from './assignments.ts';
import { credentialFinding } from './credentials.ts';
import { identityFinding } from './identities.ts';
import { type Finding, type Judging, listed } from './listing.ts';

export type Found = Pick<SweepReport, 'candidates' | 'judged' | 'untouched'>;

type Thing = Parameters<typeof listed>[0] & {
  readonly owner: ObservedOwner;
  readonly principalId: string;
  readonly clientId?: string;
};

export function candidatesOf(judging: Judging): Found {
  const { observed } = judging;
  const candidates: Candidate[] = [];
  const judged = { Identity: 0, RoleAssignment: 0, FederatedIdentityCredential: 0 };
  const untouched = { living: 0, retained: 0, otherInstallation: 0, self: 0 };
  const take = <T extends Thing>(
    type: OrphanType,
    things: readonly T[],
    find: (thing: T, judging: Judging) => Finding | undefined,
  ) => {
    for (const thing of things) {
      const { state } = thing.owner;
      if (isAzidItself(thing, observed.self)) {
        untouched.self++;
        continue;
      }
      if (state !== 'otherInstallation') judged[type]++;
      const finding = find(thing, judging);
      if (finding) candidates.push(listed(thing, finding, judging));
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
    candidates.push(listed({ ...foreign, instance: foreign.principalId }, finding, judging));
  }
  return { candidates, judged, untouched };
}
