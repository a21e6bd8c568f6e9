import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import type { Failure } from '../decision.ts';
import { blockOf, unblocked } from '../status/blocked.ts';
import type {
  Action,
  CredentialDecision,
  Facts,
  Failed,
  FederatedIdentityCredential,
  OwnStatus,
} from './facts.ts';
import { remove } from './maintain.ts';
import { isProven, ownCredentials, ownStatus } from './own.ts';

/**
 * The object is going, and with it what the ledger and the name prove to be its own; no policy is asked, and the object
 * can always leave: at once by annotation, else after a bounded wait that names what stays (docs/guarantees.md G18).
 */
export function decideDeletion(
  object: FederatedIdentityCredential,
  facts: Facts,
  failed?: Failed,
): CredentialDecision {
  const own = ownStatus(object);
  const ids = ownCredentials(object, facts);
  const named = ids.join(', ');
  if (object.metadata.annotations?.[RELEASE_ANNOTATION] === 'true') {
    return leave(
      object,
      own,
      ids.length > 0
        ? warning(`released by annotation ${RELEASE_ANNOTATION}; ${named}, if still there, stay in Azure`)
        : [],
    );
  }
  if (object.spec.deletionPolicy === 'Retain') {
    return leave(
      object,
      own,
      ids.length > 0
        ? [tell('Normal', 'Retained', `kept in Azure, as deletionPolicy: Retain says: ${named}`)]
        : [],
    );
  }
  if (failed) return blocked(object, facts, own, named, failed.failure);
  // Without a ledger only Azure can tell whether something of this object's is there.
  if (ids.length === 0 && facts.credentials?.state === 'unreadable') {
    return blocked(object, facts, own, 'what may be there', facts.credentials.failure);
  }

  const waiting = (message: string): CredentialDecision => ({
    actions: [],
    status: own,
    conditions: unblocked(object),
    summary: { state: 'deleting', message, againMs: facts.openWriteMs },
  });
  const proven = ids.filter((id) => isProven(id, object, facts));
  if (proven.length === 0) {
    const strange =
      ids.length > 0
        ? warning(`no name proves that azid made ${named} for this object; left as they are`)
        : [];
    return leave(object, own, strange);
  }
  // What another process began may land after our DELETE: the ledger stays, and the DELETE is repeated at the end.
  if (facts.openWriteMs > 0 && facts.wroteAt !== undefined)
    return waiting(
      `a write to ${named} may still be under way; azid deletes once more when it must have ended`,
    );
  const gone: OwnStatus = { ...own, ledger: undefined };
  return {
    actions: [
      ...proven.map((id) => remove(id, 'has no object any more')),
      ...(facts.openWriteMs > 0
        ? []
        : [{ type: 'saveStatus', status: gone, why: 'what was deleted is proven gone' } as const]),
    ],
    status: own,
    summary: { state: 'deleting', message: `deleting ${named}`, againMs: 0 },
  };
}

/** Azure refuses: wait for it to be mended, but not for ever. */
function blocked(
  object: FederatedIdentityCredential,
  facts: Facts,
  own: OwnStatus,
  named: string,
  failure: Failure,
): CredentialDecision {
  const block = blockOf(object, facts, failure);
  if (block.state === 'over')
    return leave(object, own, warning(`${block.after}; ${named} stay in Azure: ${failure.message}`));
  return { actions: [], status: own, conditions: block.conditions, summary: block.summary };
}

function leave(
  object: FederatedIdentityCredential,
  status: OwnStatus,
  told: readonly Action[],
): CredentialDecision {
  return {
    actions: [...told, { type: 'removeFinalizer' }],
    status,
    summary: { state: 'deleting', message: `letting go of ${object.metadata.name}`, againMs: 0 },
  };
}

const warning = (message: string): readonly Action[] => [tell('Warning', 'LeftBehind', message)];

function tell(type: 'Normal' | 'Warning', reason: string, message: string): Action {
  return { type: 'recordEvent', event: { type, reason, action: 'Delete', message } };
}
