import {
  type AssignmentExpiry,
  type ExpiryOwner,
  MAX_EXPIRY_OWNERS,
} from '../../../api/assignment-expiry.ts';
import { parseAssignmentId } from '../../../azure/azure-role-assignment.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { Store } from '../../../kube/informer/store.ts';
import { INDEX } from '../../stores.ts';
import type { ObservedEnd, RoleGrant } from '../facts.ts';
import { ledgerOf } from '../object.ts';

/** What azid has on record of the ends of assignments, out of reach of the objects' owners (docs/guarantees.md G23). */

export interface EndDeps {
  readonly stores: {
    readonly expiries: Pick<Store<AssignmentExpiry>, 'byIndex'>;
    readonly grants: Pick<Store<RoleGrant>, 'get'>;
  };
}

/** The record of an assignment's end. Its name is the assignment's, so there is one. */
export function recordOf(id: string, { stores }: EndDeps): AssignmentExpiry | undefined {
  const { name } = parseAssignmentId(id);
  return stores.expiries
    .byIndex(INDEX.assignment, armKey(id))
    .find(({ metadata }) => metadata.name === name.toLowerCase());
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

/** Without those that an end, long over, left behind: one of somebody who is gone would else take up room for good. */
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

export function isOver({ mine }: Pick<ObservedEnd, 'mine'>, now: number): boolean {
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

function isAssignmentId(id: string): boolean {
  try {
    return parseAssignmentId(id).name !== '';
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}
