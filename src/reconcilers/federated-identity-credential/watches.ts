import type { UserAssignedIdentity } from '../../api/user-assigned-identity.ts';
import { parseCredentialId } from '../../azure/azure-federated-credential.ts';
import { armKey, ifParsed } from '../../azure/names/resource-id.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Watch } from '../../runtime/controller/watch.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import { INDEX, type StoreDefinition, type Stores } from '../stores.ts';
import { isEdit, isRefusedOtherwise } from '../watches/predicates.ts';
import {
  type CacheSource,
  identitiesNamed,
  onCache,
  onChange,
  onPolicy,
  onPolicyOfAnother,
  onReferredIdentity,
  onSelf,
  type ReferredDeps,
} from '../watches/watches.ts';
import type { FederatedIdentityCredential } from './facts.ts';
import { identityKey } from './object.ts';

/** What finds a FederatedIdentityCredential: the indexes of its store, what enqueues it, and which ids in Azure are its own. */

export const store: StoreDefinition<FederatedIdentityCredential> = {
  name: 'credentials',
  indexes: {
    [INDEX.identityRef]: (object) => [identityKey(object)],
    [INDEX.credential]: ({ status }) => [...new Set((status?.ledger ?? []).map(armKey))],
  },
};

interface WatchDeps extends ReferredDeps {
  readonly stores: Pick<Stores, 'credentials' | 'identities' | 'policies' | 'namespaces'>;
  readonly credentialCache: CacheSource;
}

/** What enqueues a FederatedIdentityCredential. */
export function watches(deps: WatchDeps): readonly Watch[] {
  const { stores, credentialCache } = deps;
  const { credentials, identities } = stores;
  const onIdentity = (identity: ObjectKey) => credentials.keysByIndex(INDEX.identityRef, identity);
  const inAzure = (armId: string) =>
    identitiesNamed(identityIdOf(armId), identities).flatMap((key) => [...onIdentity(key)]);
  return [
    onSelf(credentials),
    onChange(credentials, (change) => waiting(change, stores)),
    onChange(identities, (change) => (concernsCredentials(change) ? onIdentity(change.key) : [])),
    ...onPolicy(stores, (namespace) => credentials.keysByIndex(INDEX.namespace, namespace)),
    ...onPolicyOfAnother(stores, credentials),
    // What this process wrote itself is in the cache already; but what it deleted for one object, another may wait for, or rest on.
    onCache(credentialCache, 'deletions', inAzure),
    ...onReferredIdentity(deps, onIdentity),
  ];
}

/** @param armId of an identity, or of a credential on one */
function identityIdOf(armId: string): string {
  return /\/federatedidentitycredentials\//i.test(armId) ? parseCredentialId(armId).identityId : armId;
}

/** A ledger may hold what a user wrote into the status. */
function isCredentialId(id: string): boolean {
  return ifParsed(() => parseCredentialId(id).name !== '') ?? false;
}

/**
 * A place or a pair may have become free, or is about to be, on the identities that the object refers or referred to, and on
 * those where it has no credential any more.
 */
function waiting(change: StoreChange<FederatedIdentityCredential>, stores: WatchDeps['stores']): ObjectKey[] {
  // A new object may own, by its name, a credential that is there, as after Retain: others that rest on that one have to report it.
  const comes = change.old === undefined;
  if (!comes && !freesSomething(change) && !isRefusedOtherwise(change)) return [];
  const referred = [change.old, change.new].flatMap((object) => (object ? identityKey(object) : []));
  const left = leftBy(change).flatMap((id) => identitiesNamed(identityIdOf(id), stores.identities));
  return [...new Set([...referred, ...left])]
    .flatMap((identity) => stores.credentials.byIndex(INDEX.identityRef, identity))
    .filter((each) => (comes ? isContentWithAnother(each) : !hasItsOwn(each)))
    .map(keyOf);
}

/** Ids of credentials that were the object's. */
function leftBy({ old, new: next }: StoreChange<FederatedIdentityCredential>): readonly string[] {
  const has = next?.status?.ledger ?? [];
  return (old?.status?.ledger ?? []).filter((id) => isCredentialId(id) && !has.includes(id));
}

function freesSomething(change: StoreChange<FederatedIdentityCredential>): boolean {
  const { old, new: next } = change;
  if (!old || !next) return true;
  const held = ({ status }: FederatedIdentityCredential) =>
    JSON.stringify([status?.ledger, status?.issuer, status?.subject, status?.audience]);
  return isEdit(change) || held(old) !== held(next);
}

/** What of an identity's object its credentials depend on: that it is there, which identity it is, and its Ready condition. */
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

function isContentWithAnother({ status }: FederatedIdentityCredential): boolean {
  return (
    status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'ExistsUnmanaged') ?? false
  );
}

/** As it is declared now. `ExistsUnmanaged` rests on a credential that azid did not make, which may be the one that goes. */
function hasItsOwn({ status, metadata }: FederatedIdentityCredential): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return (
    ready?.status === 'True' && ready.reason === 'Ready' && status?.observedGeneration === metadata.generation
  );
}

export const ownedInAzure: OwnedInAzure<FederatedIdentityCredential> = {
  // Not `status.id`, which may be a credential that azid did not make and that says the same.
  of: ({ status }) => (status?.ledger ?? []).map((id) => ({ key: armKey(id) })),
  ownersOf: (key, { credentials }) => credentials.keysByIndex(INDEX.credential, key),
};
