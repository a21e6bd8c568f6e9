import type { LedgerEntry, LedgerOwner } from '../../api/host-identity.ts';
import { isFinalized } from '../../api/schema/common.ts';
import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Elapsed } from '../../runtime/time/elapsed.ts';
import type { Hold } from '../holds.ts';
import { type AttachedDeps, attachmentsOf, keyInAzure, mayHaveId } from '../hosts/attachments-of.ts';
import { IN_USE } from '../hosts/ledger/problems.ts';
import { INDEX } from '../stores.ts';
import type { HostIdentity } from './facts.ts';

/**
 * How long a resource may hold an identity that nobody wants attached any more and for which no object answers. One that
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
 * whose owners all let go of it. An entry that a living object keeps, though no policy allows it any more, holds nobody.
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
        isLeaving(entry, identity, deps) &&
        // Its deletion would take it out from under the resource as a detach would, though no object waits for it.
        (isInUse(entry) ||
          // An object on its way out waits for its resources itself, and not for ever.
          entry.owners.some((owner) => isBeingDeleted(owner, deps)) ||
          Math.min(askedMs, entry.state === 'Detaching' ? since(host.metadata.uid, entry.since) : askedMs) <
            holdMs);
      return stores.hosts.byIndex(INDEX.identityId, key).flatMap((host) => {
        const { spec, status } = host;
        const held = status?.entries?.find((entry) => isHeld(entry, host));
        if (!held) return [];
        return `${spec.resourceId} (${isInUse(held) ? 'in use there: name another identity in its properties' : 'being detached'})`;
      });
    },
  },
];

function isLeaving({ owned, state, owners }: LedgerEntry, identity: ObjectKey, deps: AttachedDeps): boolean {
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
