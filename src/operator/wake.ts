import { CONFIRM_DETACH_ANNOTATION } from '../api/identity-attachment.ts';
import type { IdentityPolicy } from '../api/identity-policy.ts';
import {
  hasFinalizer,
  type ManagedObject,
  RECONCILE_ANNOTATION,
  RELEASE_ANNOTATION,
} from '../api/schema/common.ts';
import { DETACH_IN_USE_ANNOTATION } from '../api/schema/host-fields.ts';
import { asciiLower } from '../azure/names/ascii.ts';
import { parseIdentityId } from '../azure/names/resource-id.ts';
import type { Namespace } from '../kube/builtin.ts';
import type { StoreChange } from '../kube/informer/store.ts';
import type { KubeObject, ObjectKey } from '../kube/types.ts';
import { factsOf, selects } from '../policy/selection.ts';
import { isRefusedByAzure } from '../reconcilers/refused-by-azure.ts';
import { azureNameOf, INDEX, ownersOf, type Stores } from '../reconcilers/stores.ts';
import type { Priority } from '../runtime/outcome.ts';

/**
 * From what changed to whom it touches. Keys, not objects, go into the queues, and a key too many costs one look
 * (docs/architecture.md section 5).
 */
export interface Wake {
  identity(key: ObjectKey, priority: Priority): void;
  policy(key: ObjectKey, priority: Priority): void;
}

/** Connects the stores to the queues until disposed. */
export function wakeOnKubernetes(stores: Stores, wake: Wake): Disposable {
  const subscriptions = new DisposableStack();
  const inNamespace = (name: string) => {
    for (const key of stores.identities.keysByIndex(INDEX.namespace, name)) wake.identity(key, 'event');
  };

  subscriptions.use(
    stores.identities.onChange((change) => {
      if (change.new && isWorthALook(change)) wake.identity(change.key, change.initial ? 'resync' : 'event');
      // Whoever goes, or is refused, may leave its identity to another object that waits for it.
      if (change.old && !change.initial && isStalledOtherwise(change))
        for (const key of sharers(stores, azureNameOf(change.old)))
          if (key !== change.key) wake.identity(key, 'event');
      if (!change.new && change.old) {
        wake.identity(change.key, 'event');
        for (const key of sharers(stores, azureNameOf(change.old))) wake.identity(key, 'event');
      }
    }),
  );
  subscriptions.use(
    stores.configMaps.onChange((change) => {
      if (change.initial) return;
      for (const map of [change.old, change.new]) {
        for (const key of map ? ownersOf(map) : []) wake.identity(key, 'event');
      }
    }),
  );
  subscriptions.use(
    stores.policies.onChange((change) => {
      if (change.new) wake.policy(change.key, change.initial ? 'resync' : 'event');
      if (change.initial || !isWorthALook(change)) return;
      for (const namespace of stores.namespaces.values()) {
        if (selectsNow(change.old, namespace) || selectsNow(change.new, namespace))
          inNamespace(namespace.metadata.name);
      }
      // Another policy may have contradicted this one.
      for (const key of stores.policies.keys()) wake.policy(key, 'event');
    }),
  );
  subscriptions.use(
    stores.namespaces.onChange((change) => {
      if (change.initial || sameLabels(change)) return;
      inNamespace(change.key);
      for (const key of stores.policies.keys()) wake.policy(key, 'event');
    }),
  );
  return subscriptions;
}

/** An identity changed in Azure, or is suspected to have gone: whoever may want that ARM id looks. */
export function wakeOnAzure(stores: Stores, wake: Wake, armId: string, priority: Priority): void {
  for (const key of sharers(stores, parseIdentityId(armId).name)) wake.identity(key, priority);
}

function sharers(stores: Stores, azureName: string): readonly ObjectKey[] {
  return stores.identities.keysByIndex(INDEX.azureName, asciiLower(azureName));
}

/** azid's own status writes must not wake it (docs/kubernetes.md section 4, "Predicates"). */
export function isWorthALook<T extends KubeObject>({ old, new: next }: StoreChange<T>): boolean {
  if (!old || !next) return true;
  const a = old.metadata;
  const b = next.metadata;
  return (
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    [RECONCILE_ANNOTATION, RELEASE_ANNOTATION, CONFIRM_DETACH_ANNOTATION, DETACH_IN_USE_ANNOTATION].some(
      (name) => a.annotations?.[name] !== b.annotations?.[name],
    ) ||
    (hasFinalizer(old) && !hasFinalizer(next))
  );
}

/** Azure refuses what it asks for, or does no longer: whoever waits in line with it may have its turn. */
export function isStalledOtherwise({ old, new: next }: StoreChange<ManagedObject>): boolean {
  return old !== undefined && next !== undefined && isRefusedByAzure(old) !== isRefusedByAzure(next);
}

/** What others read of an identity of either kind. */
export interface Principal extends KubeObject {
  readonly status?: { readonly id?: string | undefined; readonly principalId?: string | undefined };
}

/** Another identity to those who refer to it: there or not, going, under another id or principal. */
export function isAnother({ old, new: next }: StoreChange<Principal>): boolean {
  if (!old || !next) return true;
  return (
    old.metadata.deletionTimestamp !== next.metadata.deletionTimestamp ||
    old.metadata.uid !== next.metadata.uid ||
    old.status?.id !== next.status?.id ||
    old.status?.principalId !== next.status?.principalId
  );
}

export function selectsNow(policy: IdentityPolicy | undefined, namespace: Namespace): boolean {
  return policy !== undefined && selects(policy, factsOf(namespace));
}

export function sameLabels({ old, new: next }: StoreChange<Namespace>): boolean {
  return JSON.stringify(sorted(old)) === JSON.stringify(sorted(next));
}

function sorted(namespace: Namespace | undefined): [string, string][] | undefined {
  return namespace && Object.entries(namespace.metadata.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
