import { classify } from '../../../azure/arm/classify.ts';
import type { ReconcileContext } from '../../kind.ts';
import type { OwnWrites } from '../../own-writes.ts';
import type { Services } from '../../services.ts';
import { failureOf } from '../../status/failure.ts';
import type { Facts, ObservedInAzure, UserAssignedIdentity } from '../facts.ts';
import type { Target } from '../object.ts';

/** The identity at the target: from the cache where that will do, else as Azure answers now. */

export type ObserveDeps = Services & {
  /** The end of a creation that this process began is known to the cache, so no process's death hides it. */
  readonly ownWrites: Pick<OwnWrites, 'hasBegun'>;
};

export function cachedIdentity(
  target: Target,
  { priority, startedAt }: ReconcileContext,
  { identityCache, clock }: ObserveDeps,
): ObservedInAzure | undefined {
  const seen = identityCache.observe(target.id);
  // What this reconcile read or wrote itself. An earlier reconcile's read will not do: a PATCH carries all tags, so one that
  // was set in between would be lost.
  const reconcileMs = clock.monotonic() - startedAt;
  switch (seen.state) {
    case 'present':
      return {
        state: 'present',
        identity: seen.resource,
        live: seen.how !== 'list' && seen.ageMs <= reconcileMs,
      };
    case 'absent':
      // A DELETE of this reconcile is not read again; an older absence is, before anything is made anew.
      return seen.provenBy === 'delete' && seen.ageMs <= reconcileMs ? provenAbsent : undefined;
    case 'suspectAbsent':
      return undefined;
    case 'unknown':
      // At start-up the list brings thousands at once; only what an edit or an event is about is read alone.
      return priority === 'resync' && identityCache.loading(target.coordinates.subscriptionId)
        ? { state: 'loading' }
        : undefined;
  }
}

const provenAbsent: ObservedInAzure = {
  state: 'absent',
  missing: 'resource',
  conclusive: true,
  conclusiveInMs: 0,
};

export async function readSelf({
  whoAmI,
}: ObserveDeps): Promise<{ self: NonNullable<Facts['self']> } | { self?: never; azure: ObservedInAzure }> {
  try {
    const { clientId, objectId } = await whoAmI();
    return { self: { clientId, principalId: objectId } };
  } catch (error) {
    return { azure: unreadable(error) };
  }
}

export async function readLive(
  object: UserAssignedIdentity,
  target: Target,
  context: ReconcileContext,
  deps: ObserveDeps,
): Promise<ObservedInAzure> {
  try {
    const got = await deps.identities.get(target.id, context);
    if (got.found) return { state: 'present', identity: got.identity, live: true };
    return absent(object, target, got.missing, deps);
  } catch (error) {
    const classified = classify(error);
    if (classified.kind === 'notFound' && classified.what === 'subscription') {
      return { state: 'absent', missing: 'subscription', conclusive: false, conclusiveInMs: 0 };
    }
    return unreadable(error);
  }
}

function unreadable(error: unknown): ObservedInAzure {
  const failure = failureOf(error);
  if (!failure) throw error;
  return { state: 'unreadable', failure };
}

/** A 404 is proof only if Azure's lag cannot explain it: the cache has this process's writes, the status those of processes that died. */
function absent(
  object: UserAssignedIdentity,
  target: Target,
  missing: 'resource' | 'resourceGroup',
  { identityCache, ownWrites, azureLagMs, lateWrites }: ObserveDeps,
): ObservedInAzure {
  const seen = identityCache.observe(target.id);
  // Written by us a moment ago: Azure's answer is older than our write.
  if (seen.state === 'present') return { state: 'present', identity: seen.resource, live: true };
  if (seen.state !== 'absent')
    return { state: 'absent', missing, conclusive: false, conclusiveInMs: azureLagMs };
  const begun = object.status?.createStartedAt;
  if (begun === undefined || ownWrites.hasBegun(object.metadata.uid, begun)) {
    return { state: 'absent', missing, conclusive: true, conclusiveInMs: 0 };
  }
  const openMs = lateWrites.openMs(object.metadata.uid, begun);
  return { state: 'absent', missing, conclusive: openMs === 0, conclusiveInMs: openMs };
}
