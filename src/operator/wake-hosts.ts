import type { HostIdentity, LedgerEntry, LedgerSystem } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import { hasFinalizer } from '../api/schema/common.ts';
import type { SystemAssignedIdentity } from '../api/system-assigned-identity.ts';
import { armKey } from '../azure/names/resource-id.ts';
import type { StoreChange } from '../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../kube/types.ts';
import { isCrowded } from '../reconcilers/hosts/owners.ts';
import { INDEX, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import { isAnother, isWorthALook, sameLabels, selectsNow } from './wake.ts';

/**
 * From what changed to the hosts it touches, and to the objects that speak of them. The host is the one that writes; the
 * objects hand out turns and tell how things stand.
 */
export interface WakeHosts {
  attachment(key: ObjectKey, priority: Priority): void;
  systemIdentity(key: ObjectKey, priority: Priority): void;
  /** Of a HostIdentity. */
  host(key: ObjectKey, priority: Priority): void;
}

type Watched = Pick<
  Stores,
  'attachments' | 'systemIdentities' | 'hosts' | 'identities' | 'policies' | 'namespaces'
>;

/** Connects the stores to the queues until disposed. */
export function wakeHostsOnKubernetes(stores: Watched, wake: WakeHosts): Disposable {
  const subscriptions = new DisposableStack();
  const inNamespace = (name: string) => {
    for (const key of stores.attachments.keysByIndex(INDEX.namespace, name)) {
      wake.attachment(key, 'event');
      wakeHostsOf(stores, wake, stores.attachments.get(key), namedByAttachment);
    }
    for (const key of stores.systemIdentities.keysByIndex(INDEX.namespace, name)) {
      wake.systemIdentity(key, 'event');
      wakeHostsOf(stores, wake, stores.systemIdentities.get(key), namedBySystemIdentity);
    }
  };
  subscriptions.use(
    stores.attachments.onChange((change) => {
      if (!isWorthALook(change)) return;
      wake.attachment(change.key, change.initial ? 'resync' : 'event');
      if (change.initial) return;
      for (const object of [change.old, change.new]) wakeHostsOf(stores, wake, object, namedByAttachment);
    }),
  );
  subscriptions.use(
    stores.systemIdentities.onChange((change) => {
      // Nothing is given before its finalizer stands: it is the word that the host waits for.
      if (
        change.new &&
        hasFinalizer(change.new) &&
        !(change.old && hasFinalizer(change.old)) &&
        !change.initial
      )
        wakeHostsOf(stores, wake, change.new, namedBySystemIdentity);
      if (!isWorthALook(change)) return;
      wake.systemIdentity(change.key, change.initial ? 'resync' : 'event');
      if (change.initial) return;
      for (const object of [change.old, change.new]) wakeHostsOf(stores, wake, object, namedBySystemIdentity);
    }),
  );
  subscriptions.use(
    stores.hosts.onChange((change) => {
      // Its own status writes are its own; a new one is looked at, and so is a gone one by those who need it.
      if (isWorthALook(change)) wake.host(change.key, change.initial ? 'resync' : 'event');
      if (change.initial) return;
      wakeSpeakers(stores, wake, change);
      // A resource was moved: the ledgers of both its ids have something to do.
      const { old, new: next } = change;
      for (const field of ['movedTo', 'movedFrom'] as const) {
        const other = next?.status?.[field];
        if (other === undefined || other === old?.status?.[field]) continue;
        for (const key of stores.hosts.keysByIndex(INDEX.host, armKey(other))) wake.host(key, 'event');
      }
    }),
  );
  subscriptions.use(
    stores.identities.onChange((change) => {
      if (change.initial || !isAnother(change)) return;
      for (const key of stores.attachments.keysByIndex(INDEX.identityRef, change.key)) {
        wake.attachment(key, 'event');
        wakeHostsOf(stores, wake, stores.attachments.get(key), namedByAttachment);
      }
      for (const object of [change.old, change.new])
        if (object?.status?.id !== undefined) wakeHostsWith(stores, wake, object.status.id, 'event');
    }),
  );
  subscriptions.use(
    stores.policies.onChange((change) => {
      if (change.initial || !isWorthALook(change)) return;
      for (const namespace of stores.namespaces.values())
        if (selectsNow(change.old, namespace) || selectsNow(change.new, namespace))
          inNamespace(namespace.metadata.name);
    }),
  );
  subscriptions.use(
    stores.namespaces.onChange((change) => {
      if (!change.initial && !sameLabels(change)) inNamespace(change.key);
    }),
  );
  return subscriptions;
}

/** A resource changed in Azure, appeared, or is suspected to have gone. */
export function wakeOnHost(
  stores: Watched,
  wake: WakeHosts,
  hostKey: string,
  area: string,
  priority: Priority,
): void {
  for (const key of stores.hosts.keysByIndex(INDEX.host, hostKey)) wake.host(key, priority);
  for (const key of stores.attachments.keysByIndex(INDEX.host, hostKey)) wake.attachment(key, priority);
  for (const key of stores.systemIdentities.keysByIndex(INDEX.host, hostKey))
    wake.systemIdentity(key, priority);
  for (const key of stores.attachments.keysByIndex(INDEX.selectorArea, area)) wake.attachment(key, priority);
}

/** An identity changed in Azure: whoever attaches it by its ARM id looks, and the hosts that have it. */
export function wakeHostsWith(
  stores: Watched,
  wake: WakeHosts,
  identityId: string,
  priority: Priority,
): void {
  const identity = armKey(identityId);
  for (const key of stores.hosts.keysByIndex(INDEX.identityId, identity)) wake.host(key, priority);
  for (const key of stores.attachments.keysByIndex(INDEX.identityId, identity))
    wake.attachment(key, priority);
}

/** The hosts an object names, and those in whose ledger it stands. */
function wakeHostsOf<T extends KubeObject>(
  { hosts }: Pick<Watched, 'hosts'>,
  wake: WakeHosts,
  object: T | undefined,
  named: (object: T) => string | undefined,
): void {
  if (!object) return;
  const id = named(object);
  const keys = new Set(hosts.keysByIndex(INDEX.ledgerOwner, object.metadata.uid));
  if (id !== undefined) for (const key of hosts.keysByIndex(INDEX.host, armKey(id))) keys.add(key);
  for (const key of keys) wake.host(key, 'event');
}

/**
 * Those who read a host's ledger: the owners of what changed in it; all of them, and whoever names the host, when the host
 * as a whole stands otherwise. A host of many would else wake all of them at each of its writes.
 */
function wakeSpeakers(stores: Watched, wake: WakeHosts, { old, new: next }: StoreChange<HostIdentity>): void {
  const attachments = new Set<ObjectKey>();
  const systemIdentities = new Set<ObjectKey>();
  let all = wordOfAll(old) !== wordOfAll(next);
  const [before, after] = [linesOf(old), linesOf(next)];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const lines = [before.get(key), after.get(key)];
    if (!all && JSON.stringify(lines[0]) === JSON.stringify(lines[1])) continue;
    all ||= lines.some((line) => line !== undefined && isCrowded(line));
    for (const { kind, namespace, name } of lines.flatMap((line) => line?.owners ?? []))
      (kind === 'IdentityAttachment' ? attachments : systemIdentities).add(`${namespace}/${name}`);
  }
  const host = next ?? old;
  if (all && host) {
    const key = armKey(host.spec.resourceId);
    for (const each of stores.attachments.keysByIndex(INDEX.host, key)) attachments.add(each);
    for (const each of stores.systemIdentities.keysByIndex(INDEX.host, key)) systemIdentities.add(each);
  }
  for (const key of attachments) wake.attachment(key, 'event');
  for (const key of systemIdentities) wake.systemIdentity(key, 'event');
}

/** The ledger's lines by identity. */
function linesOf(host: HostIdentity | undefined): ReadonlyMap<string, LedgerEntry | LedgerSystem> {
  const { entries = [], systemAssigned } = host?.status ?? {};
  return new Map<string, LedgerEntry | LedgerSystem>([
    ...entries.map((entry) => [armKey(entry.identityId), entry] as const),
    ...(systemAssigned ? [['system', systemAssigned] as const] : []),
  ]);
}

/** What a host says to all who speak of it; undefined: there is none. */
function wordOfAll(host: HostIdentity | undefined): string | undefined {
  if (!host) return undefined;
  const { conditions = [], unproven, hostId } = host.status ?? {};
  const stalled = conditions.some(({ type }) => type === 'Stalled');
  const words = conditions.map(({ type, status, reason, message }) => [
    type,
    status,
    reason,
    stalled || reason === 'DependencyNotReady' ? message : '',
  ]);
  return JSON.stringify([hostId, unproven, host.metadata.deletionTimestamp, words]);
}

function namedByAttachment({ spec }: IdentityAttachment): string | undefined {
  return spec.target.resourceId;
}

function namedBySystemIdentity({ spec }: SystemAssignedIdentity): string | undefined {
  return spec.resourceId;
}
