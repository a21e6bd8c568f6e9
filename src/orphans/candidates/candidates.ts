/** Everything of a view that is listed, and how much was judged. */

import type { Candidate, SweepReport } from '../report.ts';
import { isAzidItself } from '../self.ts';
import type { OrphanType, OwnerView } from '../view.ts';
import { assignmentFinding } from './assignments.ts';
import { credentialFinding } from './credentials.ts';
import { identityFinding } from './identities.ts';
import { type Finding, type Judging, listed } from './listing.ts';

export type Found = Pick<SweepReport, 'candidates' | 'judged' | 'untouched'>;

type Thing = Parameters<typeof listed>[0] & {
  readonly owner: OwnerView;
  readonly principalId: string;
  readonly clientId?: string;
};

export function candidatesOf(judging: Judging): Found {
  const { view } = judging;
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
      if (isAzidItself(thing, view.self)) {
        untouched.self++;
        continue;
      }
      if (state !== 'otherInstallation') judged[type]++;
      const finding = find(thing, judging);
      if (finding) candidates.push(listed(thing, finding, judging));
      else if (state !== 'gone' && state !== 'unknown') untouched[state]++;
    }
  };
  take('RoleAssignment', view.assignments, assignmentFinding);
  take('FederatedIdentityCredential', view.credentials, credentialFinding);
  take('Identity', view.identities, identityFinding);
  for (const foreign of view.foreignDead) {
    if (isAzidItself(foreign, view.self)) continue;
    const only = `principal ${foreign.principalId} is gone, and azid did not make the assignment`;
    const finding = { type: 'RoleAssignment', reason: 'ForeignPrincipalGone', only } as const;
    candidates.push(listed({ ...foreign, instance: foreign.principalId }, finding, judging));
  }
  return { candidates, judged, untouched };
}
