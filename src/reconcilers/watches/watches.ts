import type { ManagedObject } from '../../api/schema/common.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { parseIdentityId } from '../../azure/names/resource-id.ts';
import { asciiLower } from '../../azure/names/text.ts';
import type { How } from '../../cache/store/entry.ts';
import type { Change } from '../../cache/store/store.ts';
import type { Namespace } from '../../kube/builtin.ts';
import type { Store, StoreChange } from '../../kube/informer/store.ts';
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/types.ts';
import { type Source, type Watch, watch } from '../../runtime/controller/watch.ts';
import type { Priority } from '../../runtime/outcome.ts';
import { type ConcernedDeps, identitiesConcerned } from '../proof/places.ts';
import { INDEX, type Stores } from '../stores.ts';
import {
  hasSameLabels,
  isAnotherPrincipal,
  isEdit,
  isInLine,
  isReady,
  type Principal,
  selectsNow,
} from './predicates.ts';

/** What enqueues objects of several kinds, each once. What enqueues one kind alone stands in its folder. */

type Keys = Iterable<ObjectKey>;

/** The object itself: edited, deleted, or there at the first list. */
export function onSelf<T extends KubeObject>(store: Store<T>): Watch {
  return watch<StoreChange<T>>(
    store,
    (change) => (isEdit(change) ? [change.key] : []),
    (change) => (change.initial ? 'resync' : 'event'),
  );
}

/** Any change of an object of another kind since the first list, status included. */
export function onChange<T extends KubeObject>(
  store: Source<StoreChange<T>>,
  keysOf: (change: StoreChange<T>) => Keys,
): Watch {
  return watch(store, (change) => (change.initial ? [] : keysOf(change)));
}

/** An edit of an object of another kind since the first list; its status does not count. */
export function onEdit<T extends KubeObject>(
  store: Source<StoreChange<T>>,
  keysOf: (change: StoreChange<T>) => Keys,
): Watch {
  return onChange(store, (change) => (isEdit(change) ? keysOf(change) : []));
}

/** An identity of either kind that reads otherwise to those who refer to it. */
export function onPrincipal<T extends Principal>(
  store: Source<StoreChange<T>>,
  keysOf: (change: StoreChange<T>) => Keys,
): Watch {
  return onChange(store, (change) => (isAnotherPrincipal(change) ? keysOf(change) : []));
}

/** What a namespace is allowed has changed, by an edit of a policy that selects it or by its labels. */
export function onPolicy(
  { policies, namespaces }: Pick<Stores, 'policies' | 'namespaces'>,
  keysIn: (namespace: string) => Keys,
): readonly Watch[] {
  return [
    onEdit(policies, ({ old, new: next }) =>
      namespaces
        .values()
        .filter((namespace) => selectsNow(old, namespace) || selectsNow(next, namespace))
        .flatMap(({ metadata }) => [...keysIn(metadata.name)]),
    ),
    onLabels(namespaces, keysIn),
  ];
}

/**
 * Those that wait in line behind another object, whose namespace may be another one: with what that one may have, their turn comes.
 */
export function onPolicyOfAnother<T extends ManagedObject>(
  { policies, namespaces }: Pick<Stores, 'policies' | 'namespaces'>,
  store: Store<T>,
): readonly Watch[] {
  const inLine = () => store.values().filter(isInLine).map(keyOf);
  return [onEdit(policies, inLine), onLabels(namespaces, inLine)];
}

export function onLabels(
  namespaces: Source<StoreChange<Namespace>>,
  keysIn: (namespace: string) => Keys,
): Watch {
  return onChange(namespaces, (change) => (hasSameLabels(change) ? [] : keysIn(change.key)));
}

/** A cache of things in Azure: it emits each entry that reads otherwise, by key. */
export interface CacheSource<T = unknown> {
  onChange(listener: (key: string, how: How, change: Change<T>) => void): Disposable;
}

/**
 * An entry of a cache reads otherwise, or is suspected to have gone.
 *
 * @param own which of this process's own writes count: who made them knows them already, others may not
 */
export function onCache<T>(
  cache: CacheSource<T>,
  own: 'all' | 'deletions' | 'none',
  keysOf: (entry: string, change: Change<T>) => Keys,
): Watch {
  const source: Source<{ readonly key: string; readonly priority: Priority; readonly change: Change<T> }> = {
    onChange: (listener) =>
      cache.onChange((key, how, change) => {
        if ((how === 'write' && own !== 'all') || (how === 'delete' && own === 'none')) return;
        listener({ key, priority: how === 'list' ? 'resync' : 'event', change });
      }),
  };
  return watch(
    source,
    ({ key, change }) => keysOf(key, change),
    ({ priority }) => priority,
  );
}

/**
 * What is in an area was listed for the first time: what the list does not show changes no entry, so no entry's event
 * enqueues for it.
 */
export function onListed(listed: Source<Keys>, keysOf: (keys: Keys) => Keys = (keys) => keys): Watch {
  return watch(listed, keysOf, () => 'resync');
}

/**
 * The list of an area of theirs is believed to hold everything, and was not before: it had failed, or fell short. Only who is on its way
 * out, or not as declared, may have waited for that.
 */
export function onCompleted<T extends ManagedObject>(store: Store<T>, completed: Source<Keys>): Watch {
  return watch(
    completed,
    (keys) =>
      [...keys].filter((key) => {
        const object = store.get(key);
        return object !== undefined && (object.metadata.deletionTimestamp !== undefined || !isReady(object));
      }),
    () => 'resync',
  );
}

/** What hangs on some of them has changed: one that is being deleted may no longer have to wait. */
export function onDependents<T extends ManagedObject>(store: Store<T>, changed: Source<Keys>): Watch {
  return watch(changed, (keys) => [...keys].filter((key) => store.get(key)?.metadata.deletionTimestamp));
}

export interface ReferredDeps {
  readonly stores: Pick<Stores, 'identities'>;
  /** Of the identities. */
  readonly identityCache: CacheSource<AzureIdentity>;
  readonly principals: ConcernedDeps['principals'];
  /** Keys of the UserAssignedIdentities whose subscription was listed for the first time. */
  readonly identitiesListed: Source<Keys>;
  /** Keys of the UserAssignedIdentities of which it was decided otherwise which identity is theirs, while Azure shows the same. */
  readonly identitiesDecided: Source<Keys>;
}

/**
 * An object that refers to a UserAssignedIdentity reads from Azure whose it is and which principal it has (src/reconcilers/proof):
 * when what Azure shows changes, by azid's own writes too, or when the list that would show it does not.
 *
 * @param referrers of the object of this key
 */
export function onReferredIdentity(
  { stores, principals, identityCache, identitiesListed, identitiesDecided }: ReferredDeps,
  referrers: (identity: ObjectKey) => Keys,
): readonly Watch[] {
  return [
    onCache(identityCache, 'all', (armId, change) =>
      identitiesConcerned(armId, change, { stores, principals }).flatMap((key) => [...referrers(key)]),
    ),
    onListed(identitiesListed, (keys) => [...keys].flatMap((key) => [...referrers(key)])),
    watch(identitiesDecided, (keys) => [...keys].flatMap((key) => [...referrers(key)])),
  ];
}

/** The objects that may want this ARM id: all whose identity has its name. */
export function identitiesNamed(
  armId: string,
  identities: Pick<Stores['identities'], 'keysByIndex'>,
): readonly ObjectKey[] {
  return identities.keysByIndex(INDEX.azureName, asciiLower(parseIdentityId(armId).name));
}

/** What the object refers to, and what it referred to before. */
export function ofBoth<T>(
  { old, new: next }: Pick<StoreChange<T>, 'old' | 'new'>,
  referred: (object: T) => Keys,
): ReadonlySet<ObjectKey> {
  return new Set([old, next].flatMap((object) => (object === undefined ? [] : [...referred(object)])));
}
