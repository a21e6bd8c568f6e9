import { cut } from '../../runtime/status/conditions.ts';
import { type Failure, RECHECK_OUTSIDE_MS } from '../decision.ts';
import { stalledInside, summaryOf } from '../status/summary.ts';
import { decideAbsence } from './end/absence.ts';
import { decideEnd } from './end/ending.ts';
import type { Facts, HostDecision, HostIdentity, OwnStatus } from './facts.ts';
import { kept, maintain } from './maintain.ts';
import { ownStatus } from './object.ts';
import { awaitOperation } from './operation/operation.ts';

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
  const own = ownStatus(object);
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

/** Whoever waits for the resource need not wait for ever. Where Azure was not asked, nothing is new. */
function unread(status: OwnStatus, before: OwnStatus, { reason, message, heldBack }: Failure): OwnStatus {
  const unreadable = heldBack ? before.unreadable : { reason, message: cut(message) };
  return unreadable ? { ...status, unreadable } : status;
}

function stop(status: OwnStatus, summary: HostDecision['summary']): HostDecision {
  return { actions: [], status, summary };
}
