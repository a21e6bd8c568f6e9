/**
 * The last check before a deletion: what was found, compared with reads of exactly that thing, made for this purpose. Any difference
 * keeps it. Between the last of these reads and the DELETE lies the one window that nothing closes: Azure has no
 * precondition for it (docs/orphans.md).
 */

import type { LiveObservation, LiveThing } from './live.ts';
import type { Objects } from './objects.ts';
import type { OrphanType } from './observed.ts';
import { type Answer, keep, recheckAssignment, recheckCredential, recheckIdentity } from './recheck-thing.ts';
import type { Candidate } from './report.ts';
import { assignmentInstance, credentialInstance, identityInstance, sameInstance } from './traits.ts';

/** What was read longer ago is read again: in all that time it may have been attached. */
const MAX_READS_MS = 30_000;

/** @param objects the stores as they are now: whether it has an owner is asked anew */
export function recheck(candidate: Candidate, live: LiveObservation, objects: Objects): Answer {
  const stopped = mayNot(candidate, live);
  if (stopped) return stopped;
  const { thing } = live;
  if (thing.state === 'absent') return { type: 'absent' };
  if (thing.state === 'unreadable') return keep('Unreadable', thing.why);
  if (thing.type !== candidate.type || keyOf(thing) !== candidate.key)
    return keep('InstanceChanged', `expected ${candidate.id}, got ${keyOf(thing)}`);
  if (!sameInstance(instanceOf(thing), candidate.instance))
    return keep('InstanceChanged', 'it was made again since it was judged');
  switch (thing.type) {
    case 'Identity':
      return recheckIdentity(candidate, thing, live, objects);
    case 'RoleAssignment':
      return recheckAssignment(candidate, thing, live, objects);
    case 'FederatedIdentityCredential':
      return recheckCredential(candidate, thing, live, objects);
  }
}

export interface OwnerKey {
  readonly kind: 'UserAssignedIdentity' | 'RoleGrant' | 'FederatedIdentityCredential';
  readonly namespace: string;
  readonly name: string;
}

/** The object that is to be read at the API server; undefined: the name of a credential does not show it. */
export function ownerToRead({ type, owner = '' }: Pick<Candidate, 'type' | 'owner'>): OwnerKey | undefined {
  const [namespace = '', name] = owner.split('/');
  if (namespace === '' || name === undefined || name === '') return undefined;
  return { kind: OWNER[type], namespace, name };
}

const OWNER: Readonly<Record<OrphanType, OwnerKey['kind']>> = {
  Identity: 'UserAssignedIdentity',
  RoleAssignment: 'RoleGrant',
  FederatedIdentityCredential: 'FederatedIdentityCredential',
};

/** What has nothing to do with the thing itself. */
function mayNot(
  candidate: Candidate,
  { spec, stops, self, area, owner, tookMs, left }: LiveObservation,
): Answer | undefined {
  if (spec.mode !== 'Delete' || candidate.verdict.type !== 'due')
    return keep('NotDue', spec.mode === 'Delete' ? 'it is not due' : 'the mode is Report');
  const [stop] = stops;
  if (stop) return keep('Stopped', stop.message);
  if (!self) return keep('Stopped', 'azid does not know its own identity');
  if (area.scope !== candidate.scope || area.state !== 'complete')
    return keep(
      'AreaIncomplete',
      `scope ${candidate.scope} is not known completely: ${area.why ?? area.state}`,
    );
  if (left <= 0) return keep('LimitReached', 'the run has deleted as much as limits.deletionsPerRun allows');
  if (tookMs > MAX_READS_MS)
    return keep(
      'ReadsTooOld',
      `the reads before its deletion took ${Math.round(tookMs / 1000)} s, and at most ${MAX_READS_MS / 1000} s are believed`,
    );
  if (owner.state === 'present') return keep('OwnerLives', `${candidate.owner} is there`);
  if (owner.state === 'unread')
    return keep('OwnerUnknown', `whether ${candidate.owner} is there could not be read: ${owner.why}`);
  if (owner.state === 'notNamed' && ownerToRead(candidate))
    return keep('OwnerUnknown', `whether ${candidate.owner} is there was not read`);
  return undefined;
}

type Present = Extract<LiveThing, { state: 'present' }>;

function keyOf(thing: Present): string {
  if (thing.type === 'Identity') return thing.identity.key;
  return thing.type === 'RoleAssignment' ? thing.assignment.key : thing.credential.key;
}

function instanceOf(thing: Present): string {
  if (thing.type === 'Identity') return identityInstance(thing.identity);
  if (thing.type === 'RoleAssignment') return assignmentInstance(thing.assignment);
  return credentialInstance(thing.identity.principalId, thing.credential);
}
