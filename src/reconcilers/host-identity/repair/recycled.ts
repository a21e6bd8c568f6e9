import type { AzureHost } from '../../../azure/hosts/host.ts';
import type { ReconcileEvent } from '../../decision.ts';
import type { OwnStatus } from '../facts.ts';

/**
 * By what the resource is known to be another one than the ledger was written for: its `instance`, or, where it has
 * none, only the principal of its own identity, which changes as well for whoever switches that off and on.
 */
export type Recycled = 'instance' | 'principal' | false;

export function recycledSince({ instance, systemAssigned }: OwnStatus, host: AzureHost): Recycled {
  if (instance !== undefined && host.instance !== undefined)
    return instance === host.instance ? false : 'instance';
  const [before, now] = [systemAssigned?.principalId, host.identity.principalId];
  if (before === undefined || now === undefined) return false;
  return before.toLowerCase() === now.toLowerCase() ? false : 'principal';
}

export function recycledEvent({ id }: AzureHost): ReconcileEvent {
  return {
    type: 'Warning',
    reason: 'HostRecycled',
    action: 'Observe',
    message: `${id} was deleted and made again: what is wanted of it is attached anew`,
    drift: { id, how: 'removed' },
  };
}
