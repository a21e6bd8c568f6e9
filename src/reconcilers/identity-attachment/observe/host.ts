import type { HostIdentity } from '../../../api/host-identity.ts';
import { hostTypeOf } from '../../../azure/hosts/capabilities.ts';
import { armKey } from '../../../azure/names/resource-id.ts';
import type { HostCache } from '../../../cache/hosts/hosts.ts';
import type { Clock } from '../../../runtime/time/clock.ts';
import type { ObservedAttachedIdentity } from '../../hosts/claims/identity-of.ts';
import { selectsHost } from '../../hosts/claims/spec.ts';
import { hostMessageOf } from '../../hosts/ledger/host-message.ts';
import { isCrowded, isOwner } from '../../hosts/ledger/lines.ts';
import { INDEX, type Stores } from '../../stores.ts';
import type { IdentityAttachment, ObservedHost, ObservedLedger } from '../facts.ts';

interface HostDeps {
  readonly stores: Pick<Stores, 'hosts'>;
  readonly hostCache: Pick<HostCache, 'observe'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** How an attachment sees one host: as the cache and its HostIdentity show it. */
export function observeHost(
  { metadata: { uid }, spec, status }: IdentityAttachment,
  identity: ObservedAttachedIdentity,
  { stores, hostCache, clock }: HostDeps,
): (id: string) => ObservedHost {
  const now = clock.now();
  const { resourceId, selector } = spec.target;
  // While the identity's object is away, the ledger is read by what it was.
  const known = identity.state === 'known' ? identity.id : status?.identityId;
  const identityKey = known === undefined ? undefined : armKey(known);
  return (id) => {
    const key = armKey(id);
    const seen = hostCache.observe(id);
    const host = seen.state === 'present' ? seen.resource : undefined;
    const absent = seen.state === 'absent';
    const [holder] = stores.hosts.byIndex(INDEX.host, key);
    const claim = (): ObservedHost['claim'] => {
      const { movedFrom } = holder?.status ?? {};
      if (!selector && resourceId !== undefined) {
        if (armKey(resourceId) === key) return 'wanted';
        const isFormer = movedFrom !== undefined && armKey(movedFrom) === armKey(resourceId);
        return isFormer && hostCache.observe(resourceId).state !== 'present' ? 'moved' : 'unwanted';
      }
      if (!selector) return 'unwanted';
      if (host) return selectsHost(selector, host) ? 'wanted' : 'unwanted';
      return absent ? 'gone' : 'unclear';
    };
    const attached = host?.identity.userAssigned.find((each) => each.key === identityKey);
    return {
      id: host?.id ?? id,
      key,
      type: host?.type ?? hostTypeOf(id),
      claim: claim(),
      absent,
      shown: attached?.principalId !== undefined,
      lacking: host !== undefined && identityKey !== undefined && attached === undefined,
      ...(holder && { ledger: ledgerOf(holder, uid, identityKey, now) }),
    };
  };
}

function ledgerOf(
  holder: HostIdentity,
  uid: string,
  identityKey: string | undefined,
  now: number,
): ObservedLedger {
  const entries = holder.status?.entries ?? [];
  const mine = entries.filter((each) => isOwner(each, uid));
  // A full entry does not name all its owners, and what is there for the others is there for this one.
  const entry = entries.find(
    (each) => armKey(each.identityId) === identityKey && (isOwner(each, uid) || isCrowded(each)),
  );
  return {
    ...hostMessageOf(holder, entry, now),
    ...(entry && { entry }),
    ...(entry && !isOwner(entry, uid) && { unnamed: true }),
    former: mine.filter((each) => each !== entry),
    unproven: (holder.status?.unproven ?? []).some((id) => armKey(id) === identityKey),
  };
}
