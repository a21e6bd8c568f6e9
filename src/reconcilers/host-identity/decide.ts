import { hasFinalizer } from '../../api/schema/common.ts';
import { cut } from '../../runtime/status/message.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { linesOf, shortName } from '../hosts/ledger/lines.ts';
import { isReleased, leftBehind, RELEASED } from '../status/deleting.ts';
import { ownStatusOf, stalledInside, summaryOf } from '../status/summary.ts';
import { decideAbsence } from './absence.ts';
import type { Action, Facts, HostDecision, HostIdentity, OwnStatus } from './facts.ts';
import { kept, maintain } from './maintain.ts';

/**
 * From what is known to what to do, for one host. Pure. What all objects say of the host meets here, and nothing else in
 * azid writes its `identity` (docs/architecture.md section 4).
 */
export function decide(object: HostIdentity, facts: Facts): HostDecision {
  const end = decideEnd(object, facts);
  if (end) return end;
  const decision = decideLife(object, facts);
  const { actions, status } = decision;
  // What the ledger had is gone: its end comes in this reconcile, since nothing may enqueue the object again.
  const isOver = actions.length === 0 && decideEnd({ ...object, status }, facts) !== undefined;
  return isOver
    ? { ...decision, actions: [{ type: 'saveStatus', status, why: 'an empty ledger ends next' }] }
    : decision;
}

function decideLife(object: HostIdentity, facts: Facts): HostDecision {
  const own = ownStatusOf(object);
  if (facts.problem !== undefined) return stop(own, stalledInside('InvalidResourceId', facts.problem));
  const waiting = awaitOperation(object, facts);
  if (waiting) return waiting;
  const { operation: _o, unreadable: _u, ...status } = own;
  const { host, capability, type } = facts;
  if (!capability) {
    const message = `azid does not know resource type ${type}; give spec.apiVersion in the object that wants the identity, and name the type in a policy`;
    return stop(status, stalledInside('UnsupportedType', message));
  }
  switch (host?.state) {
    case undefined:
    case 'loading': {
      const list = `the first list of ${type}`;
      return stop(own, {
        state: 'waiting',
        for: list,
        message: `waiting for ${list}`,
        recheckMs: 60_000,
        keep: true,
      });
    }
    case 'unreadable':
      return { ...stop(unread(status, own, host.failure), summaryOf(host.failure)), ...kept(facts) };
    case 'absent':
      return decideAbsence(object, status, host, facts);
    case 'present':
      if (/^deleting$/i.test(host.host.provisioningState ?? ''))
        return stop(status, {
          state: 'waiting',
          for: host.host.id,
          message: `waiting for the end of ${host.host.id}, which is being deleted; nothing is written to it`,
          recheckMs: RECHECK_OUTSIDE_MS,
        });
      return maintain(object, status, host, capability, facts);
  }
}

/**
 * A write that Azure carries out, for 10 s to 16 min: no worker waits for it, and nothing else is written to the host
 * until it ends. Its URL is in the ledger before anything else, so that a new process goes on with it (docs/guarantees.md G13).
 *
 * @returns undefined when none is under way
 */
function awaitOperation(object: HostIdentity, facts: Facts): HostDecision | undefined {
  const own = ownStatusOf(object);
  const { started, operation } = facts;
  const message = `Azure carries out a write to ${own.hostId ?? object.spec.resourceId}`;
  const running = (againMs: number) =>
    ({ state: 'progressing', reason: 'OperationRunning', message, againMs }) as const;
  if (started) {
    const status = { ...own, operation: started };
    return {
      actions: [{ type: 'saveStatus', status, why: 'a new process must find the operation' }],
      status,
      summary: running(2_000),
    };
  }
  if (!own.operation || !operation) return undefined;
  switch (operation.state) {
    case 'running':
      return stop(own, running(operation.againMs));
    case 'unreadable':
      // It goes on, whether Azure answers a poll or not.
      return stop(own, summaryOf(operation.failure));
    case 'over':
      return undefined;
  }
}

/**
 * Why it cannot be read, so that objects that are being deleted need not wait for it for ever. Of a call that was held
 * back nothing is new.
 */
function unread(status: OwnStatus, before: OwnStatus, { reason, message, heldBack }: Failure): OwnStatus {
  const unreadable = heldBack ? before.unreadable : { reason, message: cut(message) };
  return unreadable ? { ...status, unreadable } : status;
}

function stop(status: OwnStatus, summary: HostDecision['summary']): HostDecision {
  return { actions: [], status, summary };
}

/**
 * The end of a HostIdentity: by itself when no object wants anything of the host and nothing of azid's is left there; by hand
 * only when the ledger is empty, or with the annotation that releases it (docs/guarantees.md G18).
 *
 * @returns undefined while it has something to do
 */
function decideEnd(object: HostIdentity, facts: Facts): HostDecision | undefined {
  const own = ownStatusOf(object);
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
  if (open || linesOf(own).size > 0 || facts.formerLedgers.some(({ lines }) => lines.size > 0))
    return undefined;
  // What is wanted will be asked of a new object.
  if (deletionTimestamp) return rest(own, object, [{ type: 'removeFinalizer' }]);
  // An object that may have nothing there keeps no ledger, else any tenant could keep any resource under watch.
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
