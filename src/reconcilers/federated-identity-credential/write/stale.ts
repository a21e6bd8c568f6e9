import { armKey, sameId } from '../../../azure/names/resource-id.ts';
import type { Failure, Summary } from '../../decision.ts';
import { removalBlocked, removalFree } from '../../status/refusals.ts';
import type { Action, CredentialDecision, Facts, FederatedIdentityCredential, OwnStatus } from '../facts.ts';
import { isProven, ownCredentials } from '../object.ts';

/** What the ledger holds besides the credential that is asked for: it is deleted, or the status says why it stays. */

/** By key: what was replaced, and whose removal was refused in this reconcile. */
export type Stuck = ReadonlyMap<string, Failure>;

/**
 * What the ledger still holds besides `id`: credentials on identities that were named before. They are deleted after the new one is
 * there, so that a replacement which is denied leaves the old one.
 */
export function dropStale(
  object: FederatedIdentityCredential,
  facts: Facts,
  id: string | undefined,
  before: OwnStatus,
  stuck: Stuck,
): CredentialDecision | undefined {
  const ledger = ownCredentials(object, facts);
  // One that is refused must not keep the others.
  const stale = leftOf(object, facts, id).filter((each) => !stuck.has(armKey(each)));
  if (stale.length === 0) return undefined;
  const kept = ledger.filter((each) => !stale.includes(each));
  const actions = stale.map((each): Action => {
    return isProven(each, object, facts) ? remove(each, 'is no longer declared') : leftBehind(each);
  });
  const status: OwnStatus = { ...before, ledger: kept.length > 0 ? kept : undefined };
  return {
    actions: [...actions, { type: 'saveStatus', status, why: 'what was deleted is proven gone' }],
    status,
    summary: working('removing credentials that are no longer declared'),
  };
}

function leftBehind(id: string): Action {
  return {
    type: 'recordEvent',
    event: {
      type: 'Warning',
      reason: 'LeftBehind',
      action: 'Delete',
      message: `credential ${id} is in the ledger, but its name does not prove that azid made it for this object; left as it is`,
    },
  };
}

/**
 * Nothing is to be done in Azure, as where the object is denied, waits or is suspended; but its ledger names what was never its own:
 * that goes from the status all the same.
 */
export function withoutUnproven(
  object: FederatedIdentityCredential,
  facts: Facts,
  decision: CredentialDecision,
): CredentialDecision {
  const { ledger = [] } = decision.status;
  const dropped = ledger.filter((each) => !isProven(each, object, facts));
  if (decision.actions.length > 0 || dropped.length === 0) return decision;
  const kept = ledger.filter((each) => !dropped.includes(each));
  const status: OwnStatus = { ...decision.status, ledger: kept.length > 0 ? kept : undefined };
  return {
    ...decision,
    actions: [
      { type: 'saveStatus', status, why: 'what is left as it is leaves the ledger' },
      ...dropped.map(leftBehind),
    ],
    status,
    binds: true,
  };
}

/** What the ledger, or its name, says to be this object's, besides `id`. */
export function leftOf(
  object: FederatedIdentityCredential,
  facts: Facts,
  id: string | undefined,
): readonly string[] {
  return ownCredentials(object, facts).filter((each) => id === undefined || !sameId(each, id));
}

export function remove(id: string, why: string): Action {
  return {
    type: 'deleteCredential',
    id,
    event: {
      type: 'Normal',
      reason: 'Deleted',
      action: 'Delete',
      message: `deleted credential ${id}: it ${why}`,
    },
  };
}

export function blockedOrFree(object: FederatedIdentityCredential, left: readonly string[], stuck: Stuck) {
  const [failure] = failuresOf(left, stuck);
  return failure ? [removalBlocked(left, failure)] : removalFree(object);
}

export function failuresOf(left: readonly string[], stuck: Stuck): readonly Failure[] {
  return left.flatMap((each) => stuck.get(armKey(each)) ?? []);
}

export function working(message: string): Summary {
  return { state: 'progressing', reason: 'Updating', message, againMs: 0 };
}
