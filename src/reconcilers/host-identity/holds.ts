import type { LedgerEntry, LedgerOwner } from '../../api/host-identity.ts';
import { isFinalized } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { findCondition } from '../../runtime/status/conditions.ts';
import type { Report } from '../../runtime/status/summary.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import type { Doubt, Hold } from '../holds.ts';
import { type AttachedDeps, attachmentsOf, keyInAzure, mayHaveId } from '../hosts/claims/identity-of.ts';
import { IN_USE } from '../hosts/ledger/problems.ts';
import { INDEX } from '../stores.ts';
import type { HostIdentity } from './facts.ts';

/**
 * How long a resource may hold an identity that no object wants attached any more and whose objects are gone. One that
 * Azure never lets azid change would hold it for ever (docs/guarantees.md G18); what it keeps is an entry without a principal.
 */
export const HOSTS_HOLD_MS = 60 * 60_000;

export interface HoldDeps extends AttachedDeps {
  readonly elapsed: Pick<Elapsed, 'since'>;
  /** Defaults to `HOSTS_HOLD_MS`. */
  readonly releaseAfterMs?: number;
}

/**
 * Resources that azid attached the identity to and is to detach it from: in their ledger is an entry that azid made and
 * whose owners all let go of it. An entry that a living object keeps, though no policy allows it any more, holds up no deletion.
 */
export const holds: readonly Hold<HostIdentity, HoldDeps>[] = [
  {
    of: 'UserAssignedIdentity',
    byStatus: true,
    identitiesOf: ({ status }, stores) =>
      (status?.entries ?? []).flatMap(({ identityId }) => mayHaveId(identityId, stores)),
    holders(identity, deps) {
      const { stores, elapsed, releaseAfterMs: holdMs = HOSTS_HOLD_MS } = deps;
      const object = stores.identities.get(identity);
      const key = keyInAzure(object, deps);
      if (key === undefined) return [];
      const since = (uid: string, time: string | undefined) =>
        time === undefined ? 0 : elapsed.since(uid, time);
      const askedMs = since(object?.metadata.uid ?? '', object?.metadata.deletionTimestamp);
      const isHeld = (entry: LedgerEntry, host: HostIdentity) =>
        armKey(entry.identityId) === key &&
        isReleasing(entry, identity, deps) &&
        // Its deletion would take it out from under the resource as a detach would, though no object waits for it.
        (isInUse(entry) ||
          // An object on its way out waits for its resources itself, and not for ever.
          entry.owners.some((owner) => isBeingDeleted(owner, deps)) ||
          Math.min(askedMs, entry.state === 'Detaching' ? since(host.metadata.uid, entry.since) : askedMs) <
            holdMs);
      return stores.hosts.byIndex(INDEX.identityId, key).flatMap((host) => {
        const { spec, status } = host;
        const held = status?.entries?.find((entry) => isHeld(entry, host));
        if (!held || (isInUse(held) && whyUnread(host, held, elapsed))) return [];
        return `${spec.resourceId} (${isInUse(held) ? 'in use there: name another identity in its properties' : 'being detached'})`;
      });
    },
    doubts(identity, deps) {
      const { stores, elapsed } = deps;
      const key = keyInAzure(stores.identities.get(identity), deps);
      if (key === undefined) return [];
      return stores.hosts.byIndex(INDEX.identityId, key).flatMap((host) => {
        const isUsed = (entry: LedgerEntry) =>
          armKey(entry.identityId) === key && isInUse(entry) && isReleasing(entry, identity, deps);
        const used = host.status?.entries?.find(isUsed);
        const why = used && whyUnread(host, used, elapsed);
        return why ? doubtOf(host, why) : [];
      });
    },
  },
];

/**
 * A verdict is found anew within minutes, for as long as its resource can be read. Counted from when this process first
 * met it.
 */
const VERDICT_MS = 20 * 60_000;

/** Why the resource was not read since the verdict was due again: what it used then it need not use now. */
function whyUnread(
  { metadata: { uid }, status }: HostIdentity,
  { problem }: LedgerEntry,
  elapsed: HoldDeps['elapsed'],
): Report | undefined {
  if (status?.unreadable) return status.unreadable;
  if (problem && elapsed.since(uid, problem.notBefore) < VERDICT_MS) return undefined;
  const stalled = findCondition(status?.conditions ?? [], 'Stalled');
  return stalled?.status === 'True' ? stalled : undefined;
}

function doubtOf({ spec: { resourceId } }: HostIdentity, { message }: Report): Doubt {
  return {
    reason: 'ResourceUnreadable',
    message: `${resourceId} used it when azid could last read that resource, and azid cannot read it now: ${message}; let azid read it, or delete the identity by hand if nothing uses it any more`,
  };
}

function isReleasing(
  { owned, state, owners }: LedgerEntry,
  identity: ObjectKey,
  deps: AttachedDeps,
): boolean {
  return owned && (state === 'Detaching' || !owners.some((owner) => wantsIt(owner, identity, deps)));
}

function isBeingDeleted({ namespace, name, uid }: LedgerOwner, { stores }: AttachedDeps): boolean {
  const object = stores.attachments.get(`${namespace}/${name}`);
  if (object?.metadata.uid !== uid || isFinalized(object)) return false;
  return object.metadata.deletionTimestamp !== undefined;
}

function isInUse({ problem }: LedgerEntry): boolean {
  return problem?.reason === IN_USE;
}

function wantsIt({ namespace, name, uid }: LedgerOwner, identity: ObjectKey, deps: AttachedDeps): boolean {
  const object = deps.stores.attachments.get(`${namespace}/${name}`);
  if (object?.metadata.uid !== uid || object.metadata.deletionTimestamp) return false;
  return attachmentsOf(identity, deps).some(({ metadata }) => metadata.uid === uid);
}
