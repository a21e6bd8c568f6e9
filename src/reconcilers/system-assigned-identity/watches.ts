import { armKey } from '../../azure/names/resource-id.ts';
import type { ObjectKey } from '../../kube/types.ts';
import { type Source, type Watch, watch } from '../../runtime/controller/watch.ts';
import { readersOf } from '../hosts/ledger/lines.ts';
import { holdersOf } from '../hosts/system-identity.ts';
import { INDEX, type Stores } from '../stores.ts';
import { type CacheOfAreas, listedFor } from '../watches/areas.ts';
import {
  type CacheSource,
  onCache,
  onChange,
  onEdit,
  onListed,
  onPolicy,
  onSelf,
} from '../watches/watches.ts';

interface WatchDeps {
  readonly stores: Pick<Stores, 'systemIdentities' | 'hosts' | 'policies' | 'namespaces'>;
  readonly hostCache: CacheSource & Pick<CacheOfAreas, 'onLoaded'>;
  /** Keys of those whose dependents have changed: one that is being deleted may no longer have to wait. */
  readonly dependentsChanged: { readonly SystemAssignedIdentity: Source<Iterable<ObjectKey>> };
}

/** What enqueues a SystemAssignedIdentity. */
export function watches({ stores, hostCache, dependentsChanged }: WatchDeps): readonly Watch[] {
  const { systemIdentities, hosts } = stores;
  return [
    onSelf(systemIdentities),
    // One that goes asks who else lets go: with the last of them the identity is switched off.
    onEdit(systemIdentities, ({ key, old, new: next }) => {
      const object = next ?? old;
      if (!object) return [];
      const others = new Set(systemIdentities.keysByIndex(INDEX.host, armKey(object.spec.resourceId)));
      // Of a resource that was moved some name the one id, and some the other.
      for (const { status } of holdersOf(object, { hosts }))
        for (const { namespace, name } of status?.systemAssigned?.owners ?? [])
          others.add(`${namespace}/${name}`);
      return [...others].filter(
        (each) => each !== key && systemIdentities.get(each)?.metadata.deletionTimestamp !== undefined,
      );
    }),
    onChange(hosts, (change) => readersOf('SystemAssignedIdentity', change, systemIdentities)),
    ...onPolicy(stores, (namespace) => systemIdentities.keysByIndex(INDEX.namespace, namespace)),
    // What this process wrote itself it knows already.
    onCache(hostCache, 'none', (hostKey) => systemIdentities.keysByIndex(INDEX.host, hostKey)),
    onListed(listedFor(hostCache, 'systemassignedidentity')),
    watch(dependentsChanged.SystemAssignedIdentity, (keys) =>
      [...keys].filter((key) => systemIdentities.get(key)?.metadata.deletionTimestamp),
    ),
  ];
}
