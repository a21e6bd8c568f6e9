import { hostTypeOf } from '../../../azure/hosts/capabilities.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { Facts, HostIdentity } from '../facts.ts';
import type { ObserveDeps } from './deps.ts';
import { windowOf } from './host.ts';

/** The facts that need no read: from the object, and from this process's memory of it. */
export function startOf(object: HostIdentity, { reconcileId }: ReconcileContext, deps: ObserveDeps): Facts {
  const { clock, memory } = deps;
  const { uid } = object.metadata;
  const { started, reconcile, deleted, unsent } = memory.of(uid);
  const unsaved = started && started.operation.url !== object.status?.operation?.url;
  if (started && !unsaved) memory.saved(uid);
  const common: Facts = {
    now: clock.now(),
    type: '',
    claims: [],
    identities: new Map(),
    window: windowOf(object, deps),
    accepted: new Map(),
    busyMs: 0,
    searching: false,
    bequests: [],
    conflicted: memory.isConflicted(uid, clock.monotonic()),
    isTried: reconcile?.id === reconcileId,
    writes: reconcile?.id === reconcileId ? reconcile.writes : 0,
    deleted,
    ...(unsent.size > 0 && { unsent: [...unsent] }),
    ...(unsaved && { started: started.operation }),
  };
  try {
    return { ...common, type: hostTypeOf(object.spec.resourceId) };
  } catch (error) {
    if (error instanceof TypeError) return { ...common, problem: `spec.resourceId: ${error.message}` };
    throw error;
  }
}
