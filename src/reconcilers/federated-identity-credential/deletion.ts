import type { Failure } from '../decision.ts';
import {
  finished,
  isReleased,
  leftBehind,
  RELEASED,
  recheckedWithin,
  refused,
  type Undetermined,
  waiting,
  whileUndetermined,
} from '../status/deleting.ts';
import { stalled } from '../status/failure.ts';
import { byRefusal, otherThan } from '../status/refusals.ts';
import { ownStatusOf } from '../status/summary.ts';
import type {
  Action,
  CredentialDecision,
  Facts,
  Failed,
  FederatedIdentityCredential,
  OwnStatus,
} from './facts.ts';
import { identityKey, isProven, ownCredentials } from './object.ts';
import { remove } from './write/stale.ts';

/**
 * The object is being deleted, and with it what the ledger and the name prove to be its own; no policy is asked, and the finalizer always
 * goes: at once by annotation, else after a bounded wait, with an Event that names what stays (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: FederatedIdentityCredential,
  facts: Facts,
  failed?: Failed,
): CredentialDecision {
  const own = ownStatusOf(object);
  const ids = ownCredentials(object, facts);
  const named = ids.join(', ');
  if (isReleased(object)) {
    if (ids.length > 0)
      return finished(object, own, [leftBehind(`${RELEASED}; ${named}, if still there, stay in Azure`)]);
    const message = `${RELEASED}; its credential, if there is one, stays in Azure`;
    return finished(object, own, undeterminedOf(object, facts) ? [leftBehind(message)] : []);
  }
  if (object.spec.deletionPolicy === 'Retain') {
    const message = `kept in Azure, as deletionPolicy: Retain says: ${named}`;
    const kept = { type: 'Normal', reason: 'Retained', action: 'Delete', message } as const;
    return ids.length > 0
      ? finished(object, own, [kept], [{ type: 'recordRetained', ids } as const])
      : finished(object, own);
  }
  const blocked = (what: string, failures: readonly [Failure, ...Failure[]]): CredentialDecision =>
    refused(object, facts, own, failures, `${what} stay in Azure`, (message) =>
      finished(object, own, [leftBehind(message)]),
    );
  const other = otherThan(failed, 'deleteCredential');
  if (other) return blocked(named, [other.failure]);
  const proven = ids.filter((id) => isProven(id, object, facts));
  if (proven.length === 0) {
    const undetermined = undeterminedOf(object, facts);
    if (undetermined)
      return whileUndetermined(object, own, undetermined, (failure) =>
        blocked('what may be there', [failure]),
      );
    const strange = `no name proves that azid made ${named} for this object; left as they are`;
    return finished(object, own, ids.length > 0 ? [leftBehind(strange)] : []);
  }
  const { free, stuck, failures } = byRefusal(proven, failed, 'deleteCredential');
  const [refusal, ...more] = failures;
  // What another process began may land after our DELETE: the ledger stays, and the DELETE is repeated at the end.
  const isRepeated = facts.openWriteMs > 0;
  if (free.length > 0 && isRepeated && facts.wroteAt !== undefined) {
    const open = waiting<Action, OwnStatus>(
      object,
      own,
      `a write to ${free.join(', ')} may still be under way; azid deletes once more when it must have ended`,
      facts.openWriteMs,
    );
    const held = refusal && blocked(named, [refusal, ...more]);
    return held && held.actions.length === 0 ? recheckedWithin(held, facts.openWriteMs) : open;
  }
  if (refusal && free.length === 0) return blocked(named, [refusal, ...more]);
  const gone: OwnStatus = { ...own, ledger: stuck.length > 0 ? [...stuck] : undefined };
  return {
    actions: [
      ...free.map((id) => remove(id, 'has no object any more')),
      ...(isRepeated
        ? []
        : [{ type: 'saveStatus', status: gone, why: 'what was deleted is proven gone' } as const]),
    ],
    status: own,
    summary: { state: 'deleting', message: `deleting ${free.join(', ')}`, againMs: 0 },
  };
}

/**
 * Why it is not known whether something of this object's is in Azure. A status may have been lost or altered while no
 * azid ran, so only what is on the identity proves that nothing is left.
 */
function undeterminedOf(object: FederatedIdentityCredential, facts: Facts): Undetermined | undefined {
  const { identity, credentials } = facts;
  switch (identity.state) {
    case 'loading':
      return {
        state: 'waiting',
        message: `waiting for the first list of the identities of subscription ${identity.subscriptionId}, which shows whether a credential is left`,
      };
    case 'unreadable':
      return { state: 'blocked', failure: identity.failure };
    case 'waiting':
      return identity.undecided
        ? {
            state: 'blocked',
            failure: stalled(
              'IdentityNotFound',
              `UserAssignedIdentity ${identityKey(object)} ${identity.why}`,
            ),
          }
        : undefined;
    case 'owned':
      return credentials?.state === 'unreadable'
        ? { state: 'blocked', failure: credentials.failure }
        : undefined;
  }
}
