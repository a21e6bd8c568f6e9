import { isFinalized } from '../../api/schema/common.ts';
import type { AzureIdentity } from '../../azure/azure-identity.ts';
import { armKey, sameId } from '../../azure/names/resource-id.ts';
import type { ConfigMap } from '../../kube/builtin.ts';
import type { StoreChange } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Source, Watch } from '../../runtime/controller/watch.ts';
import type { OwnedInAzure } from '../activity/owned.ts';
import {
  type ConcernedDeps,
  concernedTerms,
  identitiesBeside,
  identitiesConcerned,
} from '../proof/places.ts';
import { azureNamesOf, INDEX, ownersOf, type StoreDefinition, type Stores } from '../stores.ts';
import { isEdit, isPlacedOtherwise, isReady, isRefusedOtherwise } from '../watches/predicates.ts';
import {
  type CacheSource,
  ofBoth,
  onCache,
  onChange,
  onCompleted,
  onDependents,
  onListed,
  onPolicy,
  onPolicyOfAnother,
  onSelf,
} from '../watches/watches.ts';
import type { UserAssignedIdentity } from './facts.ts';

/** What finds a UserAssignedIdentity: the indexes of its store, what enqueues it, and which ids in Azure are its own. */

export const store: StoreDefinition<UserAssignedIdentity> = {
  name: 'identities',
  indexes: { [INDEX.azureName]: azureNamesOf, [INDEX.concerned]: concernedTerms },
};

interface WatchDeps {
  readonly stores: Pick<Stores, 'identities' | 'configMaps' | 'policies' | 'namespaces'>;
  /** Of the identities. */
  readonly identityCache: CacheSource<AzureIdentity>;
  readonly principals: ConcernedDeps['principals'];
  /** Keys of those whose subscription was listed for the first time. */
  readonly identitiesListed: Source<Iterable<ObjectKey>>;
  /** Keys of those whose subscription's list is believed to hold everything, and was not before. */
  readonly identitiesCompleted: Source<Iterable<ObjectKey>>;
  /** Keys of those whose dependents have changed. */
  readonly dependentsChanged: { readonly UserAssignedIdentity: Source<Iterable<ObjectKey>> };
}

/** What enqueues a UserAssignedIdentity. */
export function watches({
  stores,
  identityCache,
  identitiesListed,
  identitiesCompleted,
  dependentsChanged,
  principals,
}: WatchDeps): readonly Watch[] {
  const { identities, configMaps } = stores;
  return [
    onSelf(identities),
    onChange(identities, (change) => successors(change, identities)),
    onChange(configMaps, (change) => [...ofBoth(change, ownersOf), ...writersTo(change, identities)]),
    ...onPolicy(stores, (namespace) => identities.keysByIndex(INDEX.namespace, namespace)),
    ...onPolicyOfAnother(stores, identities),
    // What this process made is in the cache already; but what it deleted for one object, another may want.
    onCache(identityCache, 'deletions', (armId, change) =>
      identitiesConcerned(armId, change, { stores, principals }),
    ),
    onListed(identitiesListed),
    onCompleted(identities, identitiesCompleted),
    onDependents(identities, dependentsChanged.UserAssignedIdentity),
  ];
}

/** Those whose output has the name of a ConfigMap that comes, or that is gone with another object: the name is taken, or free. */
function writersTo(
  { old, new: next }: StoreChange<ConfigMap>,
  identities: Stores['identities'],
): readonly ObjectKey[] {
  const map = old && next ? undefined : (next ?? old);
  if (!map) return [];
  const { namespace = '', name } = map.metadata;
  return identities
    .byIndex(INDEX.namespace, namespace)
    .filter(({ spec }) => spec.output?.configMap?.name === name)
    .map(keyOf);
}

/** An object that is deleted, refused, suspended or edited may leave its identity to another that waits for it. */
function successors(
  change: StoreChange<UserAssignedIdentity>,
  identities: Stores['identities'],
): readonly ObjectKey[] {
  const { key, old, new: next } = change;
  const isGone = !next || isFinalized(next);
  if (!old || !(isGone || isEdit(change) || isRefusedOtherwise(change) || isPlacedOtherwise(change)))
    return [];
  return [...identitiesBeside(old, identities)]
    .flatMap((beside) => identities.get(beside) ?? [])
    .filter((each) => isGone || !isReady(each))
    .map(keyOf)
    .filter((each) => each !== key);
}

export const ownedInAzure: OwnedInAzure<UserAssignedIdentity> = {
  of: ({ status }) => (status?.id === undefined ? [] : [{ key: armKey(status.id) }]),
  // Those, too, that may come to be there; changes of another's identity are not for them to report.
  ownersOf: (key, { identities }) =>
    identities
      .keysByIndex(INDEX.concerned, key)
      .filter((each) => sameId(identities.get(each)?.status?.id ?? '', key)),
};
