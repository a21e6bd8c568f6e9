import { armKey } from '../../../azure/names/resource-id.ts';
import type { ReconcileEvent } from '../../decision.ts';
import type { OwnedIdentity, OwnStatus, SeenCredential, Trust } from '../facts.ts';
import { sameTrust } from '../trust/place.ts';

/** Why the write is made, by what the status has of the last time. */
export function eventOf(
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
