import {
  type AssignmentExpiry,
  type ExpiryOwner,
  MAX_EXPIRY_OWNERS,
} from '../../../api/assignment-expiry.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Store } from '../../../kube/informer/store.ts';
import { timestamp } from '../../../runtime/status/conditions.ts';
import type { Summary } from '../../decision.ts';
import { stalledOutside } from '../../status/summary.ts';
import { INDEX } from '../../stores.ts';
import type { Action, Facts, RoleGrant } from '../facts.ts';
import { expiryOf, isAssignmentId, ledgerOf } from '../object.ts';
import type { ObservedEnd, Target } from '../observed.ts';
import { isEndDemanded, requestOf } from '../target/target.ts';

/**
 * Ends that bind (docs/guarantees.md G23): what azid recorded of them, out of reach of the object's owner, and what of it is to
 * change. An end is recorded before the assignment is made. An earlier one counts at once, since taking away needs no
 * permission; a later one, or none, only while a policy allows it.
 */

export interface EndDeps {
  readonly stores: {
    readonly expiries: Pick<Store<AssignmentExpiry>, 'byIndex'>;
    readonly grants: Pick<Store<RoleGrant>, 'get'>;
  };
}

/** Of all that the object holds, and of `targetId`, by key. A ledger that was lost is found again in the records. */
export function endsOf(
  object: RoleGrant,
  targetId: string | undefined,
  now: number,
  deps: EndDeps,
): ReadonlyMap<string, ObservedEnd> {
  const { uid } = object.metadata;
  const recorded = deps.stores.expiries
    .byIndex(INDEX.expiryOwner, uid)
    .map(({ spec }) => spec.assignmentId)
    .filter(isAssignmentId);
  const ledger = ledgerOf(object);
  const held = new Set([...ledger, ...recorded].map(armKey));
  const ids = new Map(
    [...ledger, ...recorded, ...(targetId === undefined ? [] : [targetId])].map((id) => [armKey(id), id]),
  );
  return new Map(
    [...ids].map(([key, id]) => [
      key,
      { id, held: held.has(key), ...ownerIn(recordOf(id, deps), uid, now, deps) },
    ]),
  );
}

/** The record of an assignment's end. Its name is the assignment's, so there is one. */
export function recordOf(id: string, { stores }: EndDeps): AssignmentExpiry | undefined {
  const { name } = parseAssignmentId(id);
  return stores.expiries
    .byIndex(INDEX.assignment, armKey(id))
    .find(({ metadata }) => metadata.name === name.toLowerCase());
}

function ownerIn(
  record: AssignmentExpiry | undefined,
  uid: string,
  now: number,
  deps: EndDeps,
): Omit<ObservedEnd, 'id' | 'held'> {
  if (!record) return { recorded: false, full: false };
  const { owners } = record.spec;
  const mine = owners.find((each) => each.uid === uid);
  const full = countingOwners(owners, now, deps).length >= MAX_EXPIRY_OWNERS;
  const others = owners.flatMap((each) => (each.uid === uid ? [] : each.uid));
  if (!mine) return { recorded: true, full, others };
  // What cannot be read is over: only an entry without an end has none.
  const endsAt = mine.expiresAt === undefined ? undefined : Date.parse(mine.expiresAt) || 0;
  return { recorded: true, full, others, mine: { ...(endsAt !== undefined && { endsAt }) } };
}

/** Without those that an end, long over, left behind: that of an object that is gone would else take up room for good. */
export function countingOwners(
  owners: readonly ExpiryOwner[],
  now: number,
  { stores }: Pick<EndDeps, 'stores'>,
): readonly ExpiryOwner[] {
  const lives = ({ namespace, name, uid }: ExpiryOwner) =>
    stores.grants.get(`${namespace}/${name}`)?.metadata.uid === uid;
  return owners.filter(
    (each) => each.expiresAt === undefined || Date.parse(each.expiresAt) > now || lives(each),
  );
}

/** Assignments whose recorded end is over. */
export function overOf({ ends, now }: Pick<Facts, 'ends' | 'now'>): readonly ObservedEnd[] {
  return [...ends.values()].filter((each) => isOver(each, now));
}

function isOver({ mine }: Pick<ObservedEnd, 'mine'>, now: number): boolean {
  return mine?.endsAt !== undefined && mine.endsAt <= now;
}

/** The object was given the assignment until a time that is past. */
export function hasEnded(id: string, { metadata }: RoleGrant, now: number, deps: EndDeps): boolean {
  return isOver(ownerIn(recordOf(id, deps), metadata.uid, now, deps), now);
}

/** The object is named in the record of the assignment's end, with one to come or none. */
export function isRecorded(id: string, { metadata }: RoleGrant, now: number, deps: EndDeps): boolean {
  const observed = ownerIn(recordOf(id, deps), metadata.uid, now, deps);
  return observed.mine !== undefined && !isOver(observed, now);
}

/** The object has an end, and the record of the assignment has no room for it: nothing is given whose end could not be recorded. */
export function withoutRoom(
  object: RoleGrant,
  { ends }: Pick<Facts, 'ends'>,
  target: Target,
): Summary | undefined {
  const known = ends.get(armKey(target.id));
  if (expiryOf(object) === undefined || known?.mine || !known?.full) return undefined;
  const message = `${MAX_EXPIRY_OWNERS} RoleGrants have the role assignment already, so the end of another cannot be recorded, and nothing is given whose end is not: use one RoleGrant for several users, or delete one that nobody needs`;
  return stalledOutside('TooManyOwners', message);
}

/** What is to be recorded before `target` is given, or kept, as the policies allow it now. Nothing, where no owner has an end. */
export function recordEnd(object: RoleGrant, { ends }: Pick<Facts, 'ends'>, target: Target): Action[] {
  const known = ends.get(armKey(target.id));
  const end = expiryOf(object);
  const asWanted = known?.mine
    ? known.mine.endsAt === end
    : (known?.full ?? false) || (end === undefined && known?.recorded !== true);
  return asWanted ? [] : [recordAction(object.spec.expiresAt, target.id, target)];
}

/**
 * Ends that the spec puts before the recorded ones, or that are not recorded though the object has the assignment.
 * One that cannot be read is over, where a policy demands one and no record shows what it was.
 */
export function earlierEnds(object: RoleGrant, facts: Facts): Action[] {
  const { ends, target, now } = facts;
  const end = expiryOf(object);
  if (end === undefined) return [];
  const unreadable = Number.isNaN(end);
  if (unreadable && !isEndDemanded(object, facts)) return [];
  const expiresAt = unreadable ? timestamp(now) : object.spec.expiresAt;
  const isTarget = (id: string) => target !== undefined && armKey(id) === armKey(target.id);
  return [...ends.values()]
    .filter(({ id, held, full, mine }) =>
      // Another id in a ledger may have been put there by anyone who may write a status: no end of this object's is its end.
      mine
        ? mine.endsAt === undefined || mine.endsAt > end
        : held && !full && isTarget(id) && (unreadable || isBorneOut(id, object, facts)),
    )
    .map(({ id }) => recordAction(expiresAt, id, isTarget(id) ? target : undefined));
}

/** A record proves that the object was given the assignment, so a ledger alone must not lead to one: a policy allows it, or the mark says so. */
function isBorneOut(id: string, object: RoleGrant, { policy, target, role, held }: Facts): boolean {
  if (!target || role?.state !== 'found') return false;
  if (policy.allowsGrant(requestOf(object, target, role)).allowed) return true;
  return held.some(
    ({ id: each, observed, unproven = false }) =>
      armKey(each) === armKey(id) && observed.state === 'present' && !unproven,
  );
}

function recordAction(
  expiresAt: string | undefined,
  assignmentId: string,
  target: Target | undefined,
): Action {
  return {
    type: 'recordEnd',
    assignmentId,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(target && { role: target.roleName, principalId: target.principalId }),
  };
}

/** What the object had is gone, or is held by others with ends of their own in the record: it no longer counts for the end. */
export function withdrawEnds({ ends }: Pick<Facts, 'ends'>, ids: readonly string[]): Action[] {
  const keys = new Set(ids.map(armKey));
  return [...ends]
    .filter(([key, { mine }]) => mine !== undefined && keys.has(key))
    .map(([, { id }]) => ({ type: 'withdrawEnd', assignmentId: id }));
}
