import { hasPendingEdit, requestedReconcile } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { Facts, HostDecision, HostIdentity, ObservedHost, ObservedIdentity } from './facts.ts';
import { ownStatus, sameStatus } from './object.ts';

/** The resource itself, among what is to be read live; all else are the ids of identities that a write names. */
export const HOST = 'host';

/** The resource first: only it shows which identities a write would name. */
export function needsLive(object: HostIdentity, facts: Facts, decision: HostDecision): readonly string[] {
  const { problem, started, deleted, operation, host, capability } = facts;
  if (problem !== undefined || started || deleted) return [];
  if (operation && operation.state !== 'over') return [];
  // Nobody wants anything of it, and nothing of it is azid's: Azure need not be asked.
  if (decision.actions.some(({ type }) => type === 'deleteSelf')) return [];
  if (!isLive(host)) {
    // A write that waits for its batch is observed live when it goes; only a requested reconcile is observed live at
    // once.
    const isEdit = hasPendingEdit(object) && !(decision.isHeld && !asksForALook(object));
    if (host?.state === 'loading' && !isEdit) return [];
    // A type of which nothing is known cannot be read either.
    if (capability && (host === undefined || isEdit || restsOnIt(object, decision))) return [HOST];
  }
  return decision.actions
    .flatMap((action) => (action.type === 'writeIdentity' ? action.checks : []))
    .filter((id) => !isLiveIdentity(facts.identities.get(armKey(id))));
}

function asksForALook(object: HostIdentity): boolean {
  return requestedReconcile(object) !== object.status?.lastHandledReconcileAt;
}

/** A write, a line that ends, an Event: all rest on what Azure itself answered just now. */
function restsOnIt(object: HostIdentity, { actions, status, restsOnHost = false }: HostDecision): boolean {
  return restsOnHost || actions.length > 0 || !sameStatus(status, ownStatus(object));
}

function isLive(observed: ObservedHost | undefined): boolean {
  return (
    observed?.state === 'unreadable' ||
    ((observed?.state === 'present' || observed?.state === 'absent') && observed.live)
  );
}

export function isLiveIdentity(observed: ObservedIdentity | undefined): boolean {
  return observed !== undefined && (observed.state !== 'present' || observed.live);
}
