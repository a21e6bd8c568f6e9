import type { HostIdentity } from '../api/host-identity.ts';
import type { IdentityAttachment } from '../api/identity-attachment.ts';
import { asciiLower } from '../azure/names/ascii.ts';
import { parseIdentityId } from '../azure/names/resource-id.ts';
import type { StoreChange } from '../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../kube/types.ts';
import { INDEX, referredIdentity, referredSystemIdentity, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import { isWorthALook } from './wake.ts';

/**
 * Identities that are to be deleted wait for what hangs on them (src/reconcilers/dependents.ts). When something of that
 * changes they look whether they still must.
 */
export interface WakeGoing {
  identity(key: ObjectKey, priority: Priority): void;
  systemIdentity(key: ObjectKey, priority: Priority): void;
}

export type WatchedForGoing = Pick<
  Stores,
  'identities' | 'systemIdentities' | 'grants' | 'credentials' | 'attachments' | 'hosts'
>;

/** Connects the stores to the queues until disposed. */
export function wakeGoingOnKubernetes(stores: WatchedForGoing, wake: WakeGoing): Disposable {
  const { identities, systemIdentities } = stores;
  const identity = (key: ObjectKey) => {
    if (identities.get(key)?.metadata.deletionTimestamp) wake.identity(key, 'event');
  };
  const systemIdentity = (key: ObjectKey) => {
    if (systemIdentities.get(key)?.metadata.deletionTimestamp) wake.systemIdentity(key, 'event');
  };
  const subscriptions = new DisposableStack();
  subscriptions.use(
    stores.grants.onChange((change) => {
      if (!isEdit(change)) return;
      for (const key of ofBoth(change, referredIdentity)) identity(key);
      for (const key of ofBoth(change, referredSystemIdentity)) systemIdentity(key);
    }),
  );
  subscriptions.use(
    stores.credentials.onChange((change) => {
      if (!isEdit(change)) return;
      const referred = ofBoth(change, ({ metadata, spec }) => [
        `${metadata.namespace}/${spec.identityRef.name}`,
      ]);
      for (const key of referred) identity(key);
    }),
  );
  subscriptions.use(
    stores.attachments.onChange((change) => {
      if (!isEdit(change)) return;
      for (const key of ofBoth(change, (object) => attachedBy(object, stores))) identity(key);
    }),
  );
  subscriptions.use(
    stores.hosts.onChange((change) => {
      // Here the status is what counts: an entry leaves the ledger when a read proved it gone.
      if (change.initial) return;
      for (const key of ofBoth(change, (object) => heldBy(object, stores))) identity(key);
    }),
  );
  return subscriptions;
}

function isEdit<T extends KubeObject>(change: StoreChange<T>): boolean {
  return !change.initial && isWorthALook(change);
}

function ofBoth<T>(
  { old, new: next }: StoreChange<T>,
  referred: (object: T) => readonly ObjectKey[],
): ReadonlySet<ObjectKey> {
  return new Set([old, next].flatMap((object) => (object === undefined ? [] : referred(object))));
}

function attachedBy({ metadata, spec }: IdentityAttachment, stores: WatchedForGoing): readonly ObjectKey[] {
  const { identityRef, identityId } = spec;
  if (identityRef) return [`${metadata.namespace}/${identityRef.name}`];
  return identityId === undefined ? [] : withId(identityId, stores);
}

function heldBy({ status }: HostIdentity, stores: WatchedForGoing): readonly ObjectKey[] {
  return (status?.entries ?? []).flatMap(({ identityId }) => withId(identityId, stores));
}

/** The objects whose identity may have this ARM id: one too many costs one look. */
function withId(identityId: string, { identities }: WatchedForGoing): readonly ObjectKey[] {
  return identities.keysByIndex(INDEX.azureName, nameOf(identityId));
}

function nameOf(identityId: string): string {
  try {
    return asciiLower(parseIdentityId(identityId).name);
  } catch (error) {
    // A forged or malformed id is nobody's.
    if (error instanceof TypeError) return '';
    throw error;
  }
}
