import { hasFinalizer } from '../../../api/schema/common.ts';
import { linesOf, shortName } from '../../hosts/ledger/lines.ts';
import { isReleased, leftBehind, RELEASED } from '../../status/deleting.ts';
import type { Action, Facts, HostDecision, HostIdentity, OwnStatus } from '../facts.ts';
import { ownStatus } from '../object.ts';

/**
 * The end of a HostIdentity: by itself when nobody wants anything of the host and nothing of azid's is left there; by hand
 * only when the ledger is empty, or with the annotation that releases it (docs/guarantees.md G18).
 *
 * @returns undefined while it has something to do
 */
export function decideEnd(object: HostIdentity, facts: Facts): HostDecision | undefined {
  const own = ownStatus(object);
  if (facts.deleted) return rest(own, object, []);
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp && isReleased(object)) {
    const left = [...linesOf(own)].filter(([, { owned }]) => owned);
    const names = left.map(([key, line]) => line.identityId ?? shortName(key)).join(', ');
    const event = leftBehind(`${RELEASED}; these stay on ${object.spec.resourceId}: ${names}`, 'Detach');
    const events: Action[] = left.length > 0 ? [{ type: 'recordEvent', event }] : [];
    return rest(own, object, [...events, { type: 'removeFinalizer' }]);
  }
  const open = own.operation !== undefined || facts.started !== undefined || facts.window.openMs > 0;
  if (open || linesOf(own).size > 0 || facts.bequests.some(({ lines }) => lines.size > 0)) return undefined;
  // What is wanted will be asked of a new object.
  if (deletionTimestamp) return rest(own, object, [{ type: 'removeFinalizer' }]);
  // Whoever may have nothing there holds no ledger, else any tenant could keep any resource under watch.
  if (
    facts.claims.some((each) => each.state === 'unclear' || (each.state === 'wants' && each.verdict.allowed))
  )
    return undefined;
  const freed: Action[] = hasFinalizer(object) ? [{ type: 'removeFinalizer' }] : [];
  return rest(own, object, [...freed, { type: 'deleteSelf' }]);
}

function rest(status: OwnStatus, { spec }: HostIdentity, actions: readonly Action[]): HostDecision {
  const message = `nothing is wanted of ${spec.resourceId}; its ledger goes`;
  return {
    actions,
    status,
    summary: { state: 'waiting', for: 'its end', message, recheckMs: 60_000, keep: true },
  };
}
