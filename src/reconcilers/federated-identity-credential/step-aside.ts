import { sameId } from '../../azure/names/resource-id.ts';
import type { Action, CredentialDecision, Facts, FederatedIdentityCredential, OwnStatus } from './facts.ts';
import { ownCredentials, ownStatus } from './object.ts';
import type { Exchange } from './trust/exchange.ts';
import { remove } from './write/stale.ts';

/**
 * Old before new, the one time: what the object has goes first, so that another one of the ring can take it and give up what this
 * one is to have. Azure knows a pair once on an identity, so no order of writes leaves each in place all the time.
 */
export function stepAside(
  object: FederatedIdentityCredential,
  facts: Facts,
  { gives, to }: Exchange,
): CredentialDecision {
  const before = ownStatus(object);
  const message = `FederatedIdentityCredential ${to.key} waits for it, or for its place, and this object for what in the end waits for that: of those that exchange what they have the oldest gives way, and has its new one in a moment`;
  if (facts.openWriteMs > 0)
    return {
      actions: [],
      status: before,
      summary: {
        state: 'waiting',
        for: 'an earlier write',
        message: `a write of this object's credential may still be under way; when it must have ended ${gives.id} is deleted: ${message}`,
        recheckMs: facts.openWriteMs,
      },
    };
  const ledger = ownCredentials(object, facts).filter((id) => !sameId(id, gives.id));
  const { id: _i, issuer: _p, subject: _s, audience: _a, ...rest } = before;
  const status: OwnStatus = { ...rest, ledger: ledger.length > 0 ? ledger : undefined };
  const actions: Action[] = [
    remove(gives.id, `gives way: ${message}`),
    { type: 'saveStatus', status, why: 'what was deleted is proven gone' },
  ];
  return {
    actions,
    status,
    summary: { state: 'progressing', reason: 'Updating', message: `giving way: ${message}`, againMs: 0 },
  };
}
