import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { RoleGrant } from '../api/role-grant.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import type { StoreChange } from '../kube/store.ts';
import type { ObjectKey } from '../kube/types.ts';
import { INDEX, referredIdentity, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import { isWorthALook, sameLabels, selectsNow } from './wake.ts';

/** From what changed to the RoleGrants it touches, and to the identities that wait for what hangs on them to go. */
export interface WakeGrants {
  identity(key: ObjectKey, priority: Priority): void;
  grant(key: ObjectKey, priority: Priority): void;
}

type Watched = Pick<Stores, 'grants' | 'credentials' | 'identities' | 'policies' | 'namespaces'>;

/** Connects the stores to the queues until disposed. */
export function wakeGrantsOnKubernetes(stores: Watched, wake: WakeGrants): Disposable {
  const subscriptions = new DisposableStack();
  const inNamespace = (name: string) => {
    for (const key of stores.grants.keysByIndex(INDEX.namespace, name)) wake.grant(key, 'event');
  };
  subscriptions.use(
    stores.grants.onChange((change) => {
      if (change.new && isWorthALook(change)) wake.grant(change.key, change.initial ? 'resync' : 'event');
      if (!change.new) wake.grant(change.key, 'event');
      if (change.initial || !isWorthALook(change)) return;
      // Objects that share an assignment with it, or wait for it: whoever has the same principal may.
      for (const key of sharers(stores, change)) if (key !== change.key) wake.grant(key, 'event');
      wakeGoing(stores, wake, change, referredIdentity);
    }),
  );
  subscriptions.use(
    stores.credentials.onChange((change) => {
      if (!change.initial && isWorthALook(change)) wakeGoing(stores, wake, change, identityOfCredential);
    }),
  );
  subscriptions.use(
    stores.identities.onChange((change) => {
      if (change.initial || !isAnother(change)) return;
      for (const key of stores.grants.keysByIndex(INDEX.identityRef, change.key)) wake.grant(key, 'event');
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

/** An identity that waits to go looks whether it still must. */
function wakeGoing<T>(
  { identities }: Pick<Stores, 'identities'>,
  wake: WakeGrants,
  { old, new: next }: StoreChange<T>,
  referred: (object: T) => readonly ObjectKey[],
): void {
  for (const key of new Set([old, next].flatMap((object) => (object === undefined ? [] : referred(object)))))
    if (identities.get(key)?.metadata.deletionTimestamp) wake.identity(key, 'event');
}

/** An assignment changed in Azure, or is suspected to have gone: whoever has it in its status or ledger looks. */
export function wakeOnAssignment(stores: Stores, wake: WakeGrants, key: string, priority: Priority): void {
  for (const each of stores.grants.keysByIndex(INDEX.assignment, key)) wake.grant(each, priority);
}

/** A role was edited, renamed or removed. */
export function wakeOnRole(stores: Watched, wake: WakeGrants, guid: string): void {
  for (const key of stores.grants.keysByIndex(INDEX.role, guid.toLowerCase())) wake.grant(key, 'event');
}

/** Another identity to those who refer to it: there or not, going, under another id or principal. */
function isAnother({ old, new: next }: StoreChange<UserAssignedIdentity>): boolean {
  if (!old || !next) return true;
  return (
    old.metadata.deletionTimestamp !== next.metadata.deletionTimestamp ||
    old.metadata.uid !== next.metadata.uid ||
    old.status?.id !== next.status?.id ||
    old.status?.principalId !== next.status?.principalId
  );
}

function sharers(stores: Watched, { old, new: next }: StoreChange<RoleGrant>): ReadonlySet<ObjectKey> {
  const principals = new Set<string>();
  for (const grant of [old, next]) {
    if (!grant) continue;
    const { spec, status } = grant;
    for (const id of [spec.principal.id, status?.principalId])
      if (id !== undefined) principals.add(id.toLowerCase());
    for (const key of referredIdentity(grant)) {
      const id = stores.identities.get(key)?.status?.principalId;
      if (id !== undefined) principals.add(id.toLowerCase());
    }
  }
  const keys = new Set<ObjectKey>();
  for (const principal of principals) {
    for (const key of stores.grants.keysByIndex(INDEX.principal, principal)) keys.add(key);
    for (const identity of stores.identities.keysByIndex(INDEX.principal, principal))
      for (const key of stores.grants.keysByIndex(INDEX.identityRef, identity)) keys.add(key);
  }
  return keys;
}

function identityOfCredential({ metadata, spec }: FederatedIdentityCredential): readonly string[] {
  return [`${metadata.namespace}/${spec.identityRef.name}`];
}
