import type { FederatedIdentityCredential } from '../api/federated-identity-credential.ts';
import type { UserAssignedIdentity } from '../api/user-assigned-identity.ts';
import { parseCredentialId } from '../azure/azure-federated-credential.ts';
import { asciiLower } from '../azure/names/ascii.ts';
import { parseIdentityId } from '../azure/names/resource-id.ts';
import type { StoreChange } from '../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../kube/types.ts';
import { INDEX, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';
import { isStalledOtherwise, isWorthALook, sameLabels, selectsNow } from './wake.ts';

/** From what changed to the FederatedIdentityCredentials it touches. */

export type WakeCredential = (key: ObjectKey, priority: Priority) => void;
type Watched = Pick<Stores, 'credentials' | 'identities' | 'policies' | 'namespaces'>;

/** Connects the stores to the queue until disposed. */
export function wakeCredentialsOnKubernetes(stores: Watched, wake: WakeCredential): Disposable {
  const subscriptions = new DisposableStack();
  const inNamespace = (name: string) => {
    for (const key of stores.credentials.keysByIndex(INDEX.namespace, name)) wake(key, 'event');
  };
  subscriptions.use(
    stores.credentials.onChange((change) => {
      if (change.new && isWorthALook(change)) wake(change.key, change.initial ? 'resync' : 'event');
      if (!change.new) wake(change.key, 'event');
      if (change.initial || !(freesSomething(change) || isStalledOtherwise(change))) return;
      // A place or a pair may have become free for those that wait for one.
      for (const object of [change.old, change.new]) {
        for (const sibling of object ? onIdentity(stores, identityKeyOf(object)) : [])
          if (!isReady(sibling)) wake(keyOf(sibling), 'event');
      }
    }),
  );
  subscriptions.use(
    stores.identities.onChange((change) => {
      if (change.initial || !concernsCredentials(change)) return;
      for (const object of onIdentity(stores, change.key)) wake(keyOf(object), 'event');
    }),
  );
  subscriptions.use(
    stores.policies.onChange((change) => {
      if (change.initial || !isWorthALook(change)) return;
      for (const namespace of stores.namespaces.values()) {
        if (selectsNow(change.old, namespace) || selectsNow(change.new, namespace))
          inNamespace(namespace.metadata.name);
      }
    }),
  );
  subscriptions.use(
    stores.namespaces.onChange((change) => {
      if (!change.initial && !sameLabels(change)) inNamespace(change.key);
    }),
  );
  return subscriptions;
}

/** An identity changed in Azure, or a credential on it: whoever refers to it looks. `armId`: of either. */
export function wakeCredentialsOnAzure(stores: Watched, wake: WakeCredential, armId: string): void {
  const identityId = /\/federatedidentitycredentials\//i.test(armId)
    ? parseCredentialId(armId).identityId
    : armId;
  const { name } = parseIdentityId(identityId);
  for (const key of stores.identities.keysByIndex(INDEX.azureName, asciiLower(name)))
    for (const object of onIdentity(stores, key)) wake(keyOf(object), 'event');
}

/** Those that name this UserAssignedIdentity, by `namespace/name`. */
export function onIdentity(
  { credentials }: Pick<Stores, 'credentials'>,
  key: ObjectKey,
): readonly FederatedIdentityCredential[] {
  return credentials.byIndex(INDEX.identityRef, key);
}

function identityKeyOf({ metadata, spec }: FederatedIdentityCredential): ObjectKey {
  return `${metadata.namespace}/${spec.identityRef.name}`;
}

function freesSomething({ old, new: next }: StoreChange<FederatedIdentityCredential>): boolean {
  if (!old) return false;
  if (!next) return true;
  const held = ({ status }: FederatedIdentityCredential) =>
    JSON.stringify([status?.ledger, status?.issuer, status?.subject, status?.audience]);
  return (
    old.metadata.generation !== next.metadata.generation ||
    old.metadata.deletionTimestamp !== next.metadata.deletionTimestamp ||
    held(old) !== held(next)
  );
}

/** What of an identity's object its credentials depend on: that it is there, which identity it is, and how it stands. */
function concernsCredentials({ old, new: next }: StoreChange<UserAssignedIdentity>): boolean {
  if (!old || !next) return true;
  const part = ({ metadata, status }: UserAssignedIdentity) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return [
      metadata.uid,
      metadata.deletionTimestamp,
      status?.id,
      status?.principalId,
      ready?.status,
      ready?.reason,
    ];
  };
  return JSON.stringify(part(old)) !== JSON.stringify(part(next));
}

function isReady({ status }: FederatedIdentityCredential): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}
