import { proveOwnership } from '../azure/names/assignment-name.ts';
import { isCredentialOfInstallation } from '../azure/names/credential-name.ts';
import { makersIn } from '../azure/names/identity-marks.ts';
import type { LiveAssignment, LiveCredential, LiveIdentity, LiveList, LiveObservation } from './live.ts';
import type { Objects } from './objects.ts';
import type { MadeBy, ObservedOwner, OrphanType } from './observed.ts';
import { assignmentOwner, credentialOwner, identityOwner } from './owners.ts';
import type { KeepReason } from './reasons.ts';
import type { Candidate } from './report.ts';
import { assignmentInstance, credentialInstance, isAzidItself, madeElsewhere } from './traits.ts';

/** Whether a thing, as it was just read, is still the orphan that it was found to be: by its type. */

export type Answer =
  | { readonly type: 'delete' }
  /**
   * What azid made for it and no object owns, in this order. Each is read, rechecked, put on record and counted by itself like any other
   * candidate, since each has an owner of its own who may be back; then the identity is read and rechecked again.
   */
  | { readonly type: 'first'; readonly candidates: readonly Candidate[] }
  /** Another tool deleted it. */
  | { readonly type: 'absent' }
  | { readonly type: 'keep'; readonly because: KeepReason; readonly why: string };

export function keep(because: KeepReason, why: string): Extract<Answer, { type: 'keep' }> {
  return { type: 'keep', because, why };
}

/** Undefined: the owner that was found gone is still gone, and it is the same one. */
function keptByOwner(owner: ObservedOwner, { owner: evaluated, ownerUid }: Candidate): Answer | undefined {
  switch (owner.state) {
    case 'living':
      return keep('OwnerLives', `${owner.by} has it or may want it`);
    case 'retained':
      return keep('Retained', `deletionPolicy Retain of ${owner.owner} left it`);
    case 'otherInstallation':
      return keep('OtherInstallation', `it carries the mark of installation ${owner.installationId}`);
    case 'unknown':
      return keep('OwnerUnknown', owner.why);
    case 'gone':
      return owner.owner === evaluated && owner.uid === ownerUid
        ? undefined
        : keep(
            'InstanceChanged',
            `it names ${named(owner.owner, owner.uid)} as its owner, and named ${named(evaluated, ownerUid)} when it was judged`,
          );
  }
}

/** Undefined: this azid alone made it, or a person confirmed that. */
function keptByMaker(
  madeBy: MadeBy,
  { since }: Candidate,
  live: LiveObservation,
): Extract<Answer, { type: 'keep' }> | undefined {
  const made = madeElsewhere({ madeBy, since }, live, live.spec);
  return made && keep(made.because, made.why);
}

function named(owner = 'nobody', uid?: string): string {
  return uid === undefined ? owner : `${owner} (${uid})`;
}

/** Still without an owner, and nothing hangs on it but what azid made for an owner that is gone as well. */
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

/** Still azid's, still without an owner; and its principal is as it was found, or its end has still passed. */
export function recheckAssignment(
  candidate: Candidate,
  { assignment, principal, endsAt }: LiveAssignment,
  live: LiveObservation,
  objects: Objects,
): Answer {
  const { installationId, self, now } = live;
  const elsewhere = keptByMaker(assignment.madeBy, candidate, live);
  if (isAzidItself(assignment, self)) return keep('AzidItself', 'azid itself has this right');
  if (!proveOwnership(assignment, installationId))
    return keep('NotProven', 'its name does not prove that this installation of azid made it');
  const owner = assignmentOwner(assignment, installationId, objects);
  if (candidate.reason === 'Ended') {
    if (endsAt === undefined || endsAt > now) return keep('EndMoved', 'its end has not passed any more');
    // The end is in the records of this cluster, so this cluster gave it; another may have an equal grant that does not end.
    if (elsewhere?.because === 'MadeElsewhere') return elsewhere;
    // `Retain` counts until the end, and no longer.
    if (owner.state === 'retained') return { type: 'delete' };
  }
  const kept = keptByOwner(owner, candidate);
  if (kept) return kept;
  if (candidate.reason === 'Ended') return { type: 'delete' };
  if (elsewhere) return elsewhere;
  const { principalId } = assignment;
  if (principal.state === 'softDeleted')
    return keep(
      'PrincipalSoftDeleted',
      `principal ${principalId} is deleted and can be restored for 30 days`,
    );
  if (principal.state === 'unknown')
    return keep(
      'PrincipalUnknown',
      `whether principal ${principalId} is there cannot be told: ${principal.why}`,
    );
  if ((candidate.reason === 'PrincipalGone') !== (principal.state === 'gone'))
    return keep(
      'InstanceChanged',
      `principal ${principalId} is ${principal.state}, which it was not when that was judged`,
    );
  return { type: 'delete' };
}

/** Still azid's, and still without an owner. */
export function recheckCredential(
  candidate: Candidate,
  { credential, identity }: LiveCredential,
  live: LiveObservation,
  objects: Objects,
): Answer {
  const { installationId, self } = live;
  if (isAzidItself(identity, self)) return keep('AzidItself', 'by it azid itself signs in');
  if (!isCredentialOfInstallation(credential.name, installationId))
    return keep('NotProven', 'its name does not prove that this installation of azid made it');
  return (
    keptByOwner(credentialOwner(credential, installationId, objects), candidate) ??
    keptByMaker(identity.madeBy, candidate, live) ?? { type: 'delete' }
  );
}
