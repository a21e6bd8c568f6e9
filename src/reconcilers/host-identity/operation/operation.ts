import { summaryOf } from '../../status/summary.ts';
import type { Facts, HostDecision, HostIdentity } from '../facts.ts';
import { ownStatus } from '../object.ts';

/**
 * A write that Azure carries out, for 10 s to 16 min: no worker waits for it, and nothing else is written to the host
 * until it ends. Its URL is in the ledger before anything else, so that a new process goes on with it (docs/guarantees.md G13).
 *
 * @returns undefined when none is under way
 */
export function awaitOperation(object: HostIdentity, facts: Facts): HostDecision | undefined {
  const own = ownStatus(object);
  const { started, operation } = facts;
  const message = `Azure carries out a write to ${own.hostId ?? object.spec.resourceId}`;
  if (started) {
    const status = { ...own, operation: started };
    return {
      actions: [{ type: 'saveStatus', status, why: 'a new process must find the operation' }],
      status,
      summary: { state: 'progressing', reason: 'OperationRunning', message, againMs: 2_000 },
    };
  }
  if (!own.operation || !operation) return undefined;
  switch (operation.state) {
    case 'running':
      return {
        actions: [],
        status: own,
        summary: { state: 'progressing', reason: 'OperationRunning', message, againMs: operation.againMs },
      };
    case 'unreadable':
      // It goes on, whether Azure answers a poll or not.
      return { actions: [], status: own, summary: summaryOf(operation.failure) };
    case 'over':
      return undefined;
  }
}
