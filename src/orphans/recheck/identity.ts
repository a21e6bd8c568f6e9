import { proveOwnership } from '../../azure/names/assignment-name.ts';
import { isCredentialOfInstallation } from '../../azure/names/credential-name.ts';
import { makersIn } from '../../azure/names/identity-marks.ts';
import { assignmentInstance, credentialInstance } from '../instance.ts';
import type { LiveIdentity, LiveList, LiveObservation } from '../live.ts';
import type { ObservedOwner, OrphanType } from '../observed.ts';
import { assignmentOwner } from '../owners/assignment.ts';
import { credentialOwner } from '../owners/credential.ts';
import { identityOwner } from '../owners/identity.ts';
import type { Objects } from '../owners/objects.ts';
import type { Candidate } from '../report.ts';
import { isAzidItself } from '../self.ts';
import { type Answer, keep, keptByMaker, keptByOwner } from './answer.ts';

/** Still nobody's, and nothing hangs on it but what azid made for an owner that is gone as well. */
export function recheckIdentity(
  candidate: Candidate,
  { identity, resources, assignments, credentials }: LiveIdentity,
  live: LiveObservation,
  objects: Objects,
): Answer {
  const { installationId, self } = live;
  if (isAzidItself(identity, self)) return keep('AzidItself', 'azid itself acts as this identity');
  const kept =
    keptByOwner(identityOwner(identity, installationId, objects), candidate) ??
    keptByMaker(makersIn(identity.tags), candidate, live);
  if (kept) return kept;
  const unread = unreadOf(resources) ?? unreadOf(assignments) ?? unreadOf(credentials);
  if (unread !== undefined) return keep('UseUnknown', `what hangs on it was not read to the end: ${unread}`);
  const [resource] = itemsOf(resources);
  if (resource !== undefined) return keep('InUse', `it is attached to ${resource}`);
  const first: Candidate[] = [];
  for (const each of itemsOf(assignments)) {
    const owner = assignmentOwner(each, installationId, objects);
    if (!proveOwnership(each, installationId) || owner.state !== 'gone')
      return keep('InUse', `role assignment ${each.id} of it ${whose(owner)}`);
    first.push(leftover(candidate, 'RoleAssignment', each, owner, assignmentInstance(each)));
  }
  for (const each of itemsOf(credentials)) {
    const owner = credentialOwner(each, installationId, objects);
    if (!isCredentialOfInstallation(each.name, installationId) || owner.state !== 'gone')
      return keep('InUse', `federated credential ${each.id} ${whose(owner)}`);
    const instance = credentialInstance(identity.principalId, each);
    first.push(leftover(candidate, 'FederatedIdentityCredential', each, owner, instance));
  }
  return first.length > 0 ? { type: 'first', candidates: first } : { type: 'delete' };
}

/** As due as its identity. */
function leftover(
  { scope, since, clearSince, verdict }: Candidate,
  type: OrphanType,
  { id, key }: { readonly id: string; readonly key: string },
  { owner }: Extract<ObservedOwner, { state: 'gone' }>,
  instance: string,
): Candidate {
  const times = { since, ...(clearSince !== undefined && { clearSince }) };
  return { type, id, key, scope, reason: 'OwnerGone', owner, instance, ...times, verdict };
}

function whose(owner: ReturnType<typeof assignmentOwner>): string {
  if (owner.state === 'living') return `is that of ${owner.by}`;
  if (owner.state === 'retained') return `was left by deletionPolicy Retain of ${owner.owner}`;
  return owner.state === 'unknown' ? `cannot be told to be azid's: ${owner.why}` : "is not azid's";
}

function unreadOf(list: LiveList<unknown>): string | undefined {
  return list.state === 'unread' ? list.why : undefined;
}

function itemsOf<T>(list: LiveList<T>): readonly T[] {
  return list.state === 'read' ? list.items : [];
}
