import { armKey, sameId } from '../../../azure/names/resource-id.ts';
import type { ReconcileEvent } from '../../decision.ts';
import { finalizerOf, ownStatusOf, summaryOf } from '../../status/summary.ts';
import type {
  CredentialDecision,
  Facts,
  FederatedIdentityCredential,
  OwnedIdentity,
  OwnStatus,
  SeenCredential,
  Trust,
} from '../facts.ts';
import { credentialIdOn, nameOf } from '../object.ts';
import { sameTrust } from '../place.ts';
import { dropStale, type Stuck, working } from './stale.ts';

/** The PUT of the object's credential: finalizer, ledger, intent, and why it is made. */

/** `status.ledger` holds no more. */
const MAX_LEDGER = 8;

/** The PUT that is due, with its intent; undefined when Azure is as wanted. `own`: what is there under our name. */
export function write(
  object: FederatedIdentityCredential,
  facts: Facts,
  identity: OwnedIdentity,
  trust: Trust,
  policy: string,
  own: SeenCredential | undefined,
  stuck: Stuck,
): CredentialDecision | undefined {
  if (own && sameTrust(own, trust)) return undefined;
  const before = ownStatusOf(object);
  const id = credentialIdOn(identity.id, nameOf(object, facts.installationId));
  const ledger = before.ledger ?? [];
  const known = ledger.some((each) => sameId(each, id));
  if (!known && ledger.length >= MAX_LEDGER)
    return dropStale(object, facts, id, before, stuck) ?? withoutRoom(before, stuck);
  const intent: OwnStatus = {
    ...before,
    ledger: known ? ledger : [...ledger, id],
    writeStartedAt: new Date(facts.now).toISOString(),
  };
  return {
    actions: [
      ...finalizerOf(object),
      { type: 'saveStatus', status: intent, why: 'the intent to write the credential must survive a crash' },
      { type: 'putCredential', id, trust, event: eventOf(before, identity, id, trust, policy, own) },
    ],
    status: intent,
    summary: working(`writing credential ${id}`),
  };
}

/** The ledger is full, and no credential in it can be deleted: a new one could not be recorded. */
function withoutRoom(before: OwnStatus, stuck: Stuck): CredentialDecision | undefined {
  const [failure] = stuck.values();
  return failure && { actions: [], status: before, summary: summaryOf(failure) };
}

/** Why the write is made, by what the status has of the last time. */
function eventOf(
  before: OwnStatus,
  identity: OwnedIdentity,
  id: string,
  trust: Trust,
  policy: string,
  own: SeenCredential | undefined,
): ReconcileEvent {
  const what = `credential ${id} (issuer ${trust.issuer}, subject ${trust.subject}) under policy ${policy}`;
  const { issuer = '', subject = '', audience = '' } = before;
  const settled =
    before.id !== undefined &&
    armKey(before.id) === armKey(id) &&
    sameTrust({ issuer, subject, audience }, trust);
  if (own) {
    return settled
      ? {
          type: 'Warning',
          reason: 'Repaired',
          action: 'Update',
          message: `somebody had changed it: set ${what} as declared`,
          drift: { id, how: 'changed' },
        }
      : { type: 'Normal', reason: 'Updated', action: 'Update', message: `set ${what}` };
  }
  if (settled && before.principalId !== identity.principalId) {
    const message = `the identity was made again with a new principal, ${identity.principalId}: made ${what} again`;
    return { type: 'Warning', reason: 'Recreated', action: 'Create', message };
  }
  return settled
    ? {
        type: 'Warning',
        reason: 'Recreated',
        action: 'Create',
        message: `it had vanished from Azure: made ${what} again`,
        drift: { id, how: 'removed' },
      }
    : { type: 'Normal', reason: 'Created', action: 'Create', message: `made ${what}` };
}
