import { RELEASE_ANNOTATION } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Failure } from '../decision.ts';
import { blockOfAll, unblocked } from '../status/blocked.ts';
import { naming, otherThan, refusalsOf } from '../status/refusals.ts';
import { FIRST_LIST_RECHECK_MS, recheckedWithin, type Untold } from '../status/untold.ts';
import type {
  Action,
  CredentialDecision,
  Facts,
  Failed,
  FederatedIdentityCredential,
  OwnStatus,
} from './facts.ts';
import { remove } from './maintain.ts';
import { identityKey, isProven, ownCredentials, ownStatus } from './own.ts';

/** While what it takes to tell cannot be read. */
const RECHECK_MS = 30_000;

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
        : untoldOf(object, facts)
          ? warning(
              `released by annotation ${RELEASE_ANNOTATION}; its credential, if there is one, stays in Azure`,
            )
          : [],
    );
  }
  if (object.spec.deletionPolicy === 'Retain') {
    return leave(
      object,
      own,
      ids.length > 0
        ? [
            { type: 'recordRetained', ids },
            tell('Normal', 'Retained', `kept in Azure, as deletionPolicy: Retain says: ${named}`),
          ]
        : [],
    );
  }
  const other = otherThan(failed, 'deleteCredential');
  if (other) return blocked(object, facts, own, named, [other.failure]);
  const waiting = (message: string, againMs: number): CredentialDecision => ({
    actions: [],
    status: own,
    conditions: unblocked(object),
    summary: { state: 'deleting', message, againMs },
  });
  const proven = ids.filter((id) => isProven(id, object, facts));
  if (proven.length === 0) {
    const untold = untoldOf(object, facts);
    if (untold?.state === 'waiting') return waiting(untold.message, FIRST_LIST_RECHECK_MS);
    if (untold)
      return recheckedWithin(blocked(object, facts, own, 'what may be there', [untold.failure]), RECHECK_MS);
    const strange =
      ids.length > 0
        ? warning(`no name proves that azid made ${named} for this object; left as they are`)
        : [];
    return leave(object, own, strange);
  }
  // Each by itself: one that cannot go keeps none of the others.
  const refusals = refusalsOf(failed, 'deleteCredential');
  const refusalOf = (id: string) => refusals.get(armKey(id));
  const free = proven.filter((id) => !refusalOf(id));
  const [refusal, ...more] = proven.flatMap((id) => {
    const failure = refusalOf(id);
    return failure ? naming(id, failure) : [];
  });
  // What another process began may land after our DELETE: the ledger stays, and the DELETE is repeated at the end.
  const isRepeated = facts.openWriteMs > 0;
  if (free.length > 0 && isRepeated && facts.wroteAt !== undefined) {
    const open = waiting(
      `a write to ${free.join(', ')} may still be under way; azid deletes once more when it must have ended`,
      facts.openWriteMs,
    );
    const held = refusal && blocked(object, facts, own, named, [refusal, ...more]);
    return held && held.actions.length === 0 ? recheckedWithin(held, facts.openWriteMs) : open;
  }
  if (refusal && free.length === 0) return blocked(object, facts, own, named, [refusal, ...more]);
  const left = proven.filter((id) => refusalOf(id));
  const gone: OwnStatus = { ...own, ledger: left.length > 0 ? left : undefined };
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
 * Why it cannot be told whether something of this object's is in Azure. A status may have been lost or altered while no azid ran, so
 * only what is on the identity tells that nothing is left.
 */
function untoldOf(object: FederatedIdentityCredential, facts: Facts): Untold | undefined {
  const { identity, credentials } = facts;
  switch (identity.state) {
    case 'loading':
      return {
        state: 'waiting',
        message: `waiting for the first list of the identities of subscription ${identity.subscriptionId}, to tell whether a credential is left`,
      };
    case 'unreadable':
      return { state: 'blocked', failure: identity.failure };
    case 'waiting':
      return identity.undecided
        ? {
            state: 'blocked',
            failure: undecided(`UserAssignedIdentity ${identityKey(object)} ${identity.why}`),
          }
        : undefined;
    case 'owned':
      return credentials?.state === 'unreadable'
        ? { state: 'blocked', failure: credentials.failure }
        : undefined;
  }
}

function undecided(message: string): Failure {
  return { kind: 'stalled', reason: 'IdentityNotFound', message, ambiguous: false, error: undefined };
}

/** Azure refuses: wait for it to be mended, but not for ever. */
function blocked(
  object: FederatedIdentityCredential,
  facts: Facts,
  own: OwnStatus,
  named: string,
  failures: readonly [Failure, ...Failure[]],
): CredentialDecision {
  const block = blockOfAll(object, facts, failures);
  const why = failures.map(({ message }) => message).join('; ');
  if (block.state === 'over')
    return leave(object, own, warning(`${block.after}; ${named} stay in Azure: ${why}`));
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
