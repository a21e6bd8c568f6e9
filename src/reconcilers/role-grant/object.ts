import { hasFinalizer } from '../../api/schema/common.ts';
import { parseAssignmentId } from '../../azure/azure-role-assignment.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import { keyOf } from '../../kube/types.ts';
import type { Keeping } from '../retained.ts';
import type { Action, CoOwner, Facts, OwnStatus, RoleGrant } from './facts.ts';

/** What every branch of the decision reads off the object. */

/** The fields of the status that are this kind's, as they are stored. */
export function ownStatus(object: RoleGrant): OwnStatus {
  const { conditions: _c, observedGeneration: _g, lastHandledReconcileAt: _r, ...own } = object.status ?? {};
  return own;
}

/** Set before the first Azure write, and again should a tool strip it (an Argo CD sync with Replace=true does). */
export function finalizer(object: RoleGrant): Action[] {
  return hasFinalizer(object) ? [] : [{ type: 'addFinalizer' }];
}

/** Wall ms; undefined: never; NaN: it is no time, so nothing is given. */
export function expiryOf(object: RoleGrant): number | undefined {
  const { expiresAt } = object.spec;
  return expiresAt === undefined ? undefined : Date.parse(expiresAt);
}

export function isExpired(object: RoleGrant, now: number): boolean {
  const expiry = expiryOf(object);
  // What is no time counts as over, never as endless.
  return expiry !== undefined && !(expiry > now);
}

/** The ledger's ids. What is no id of an assignment was never azid's, and must not keep an object for ever. */
export function ledgerOf({ status }: RoleGrant): readonly string[] {
  return (status?.ledger ?? []).filter((id) => {
    try {
      return parseAssignmentId(id).name !== '';
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  });
}

/** Ids of one ledger, each once whatever its spelling. */
export function withEntry(ledger: readonly string[] | undefined, id: string): string[] {
  const kept = (ledger ?? []).filter((each) => armKey(each) !== armKey(id));
  return [...kept, id];
}

export function withoutEntries(ledger: readonly string[] | undefined, gone: readonly string[]): string[] {
  const keys = new Set(gone.map(armKey));
  return (ledger ?? []).filter((each) => !keys.has(armKey(each)));
}

/** The object as its co-owners see it. */
export function asCoOwner(object: RoleGrant): CoOwner {
  const { condition, description } = object.spec;
  return {
    key: keyOf(object),
    uid: object.metadata.uid,
    creationTimestamp: object.metadata.creationTimestamp,
    ...(condition && { condition: condition.expression }),
    ...(description !== undefined && { description }),
    allowed: true,
    holds: true,
  };
}

/** What counts as the object's where it says `Retain`: the ledger has it before it is made, and may name what never was. */
export const kept: Keeping<RoleGrant, Facts, Action, OwnStatus> = {
  ids: (_, { held }, { status: { ledger = [] } }) => {
    const doubtful = held.filter(({ unproven, undetermined }) => unproven || undetermined);
    return withoutEntries(
      ledger,
      doubtful.map(({ id }) => id),
    );
  },
  gives: ({ type }) => type === 'putAssignment',
};
