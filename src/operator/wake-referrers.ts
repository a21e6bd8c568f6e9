import { asciiLower } from '../azure/names/ascii.ts';
import { armKey, parseIdentityId } from '../azure/names/resource-id.ts';
import type { HostCache } from '../cache/hosts/hosts.ts';
import type { ObjectKey } from '../kube/types.ts';
import { INDEX, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';

/**
 * Whoever refers to an identity reads from Azure whose it is and which principal it has (src/reconcilers/proof). When
 * what Azure shows changes, by azid's own writes too, they are enqueued.
 */
export interface WakeReferrers {
  grant(key: ObjectKey, priority: Priority): void;
  credential(key: ObjectKey, priority: Priority): void;
  attachment(key: ObjectKey, priority: Priority): void;
  /** Of a HostIdentity. */
  host(key: ObjectKey, priority: Priority): void;
}

type Watched = Pick<
  Stores,
  'identities' | 'grants' | 'credentials' | 'attachments' | 'systemIdentities' | 'hosts'
>;

/** @param armId of an identity that reads otherwise in the cache */
export function wakeReferrersOf(
  stores: Watched,
  wake: WakeReferrers,
  armId: string,
  priority: Priority,
): void {
  const name = asciiLower(parseIdentityId(armId).name);
  for (const key of stores.identities.keysByIndex(INDEX.azureName, name))
    wakeReferrers(stores, wake, key, priority);
}

/** @param identity `namespace/name` of the UserAssignedIdentity */
export function wakeReferrers(
  { grants, credentials, attachments, hosts }: Omit<Watched, 'identities' | 'systemIdentities'>,
  wake: WakeReferrers,
  identity: ObjectKey,
  priority: Priority,
): void {
  for (const key of grants.keysByIndex(INDEX.identityRef, identity)) wake.grant(key, priority);
  for (const key of credentials.keysByIndex(INDEX.identityRef, identity)) wake.credential(key, priority);
  for (const key of attachments.keysByIndex(INDEX.identityRef, identity)) {
    wake.attachment(key, priority);
    const { spec, metadata } = attachments.get(key) ?? {};
    const keys = new Set(metadata ? hosts.keysByIndex(INDEX.ledgerOwner, metadata.uid) : []);
    const { resourceId } = spec?.target ?? {};
    if (resourceId !== undefined)
      for (const each of hosts.keysByIndex(INDEX.host, armKey(resourceId))) keys.add(each);
    for (const each of keys) wake.host(each, priority);
  }
}

/** A resource's own identity changed, by what Azure shows or by what the ledger says of whose it is. */
export function wakeReferrersOnHosts(
  stores: Watched,
  hostMirror: Pick<HostCache, 'onChange'>,
  wake: Pick<WakeReferrers, 'grant'>,
): Disposable {
  const { systemIdentities, grants, hosts } = stores;
  const onHost = (hostKey: string, priority: Priority) => {
    for (const identity of systemIdentities.keysByIndex(INDEX.host, hostKey))
      for (const key of grants.keysByIndex(INDEX.systemIdentityRef, identity)) wake.grant(key, priority);
  };
  const subscriptions = new DisposableStack();
  subscriptions.use(hostMirror.onChange((key, how) => onHost(key, how === 'list' ? 'resync' : 'event')));
  subscriptions.use(
    hosts.onChange(({ initial, old, new: next }) => {
      const [before, after] = [old, next].map((each) => JSON.stringify(each?.status?.systemAssigned));
      const host = next ?? old;
      if (!initial && before !== after && host) onHost(armKey(host.spec.resourceId), 'event');
    }),
  );
  return subscriptions;
}
