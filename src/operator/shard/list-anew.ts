import type { AzureCaches } from '../../cache/caches.ts';
import { parsePart } from '../../hints/activity/keys.ts';
import type { KindDefinition } from '../../reconcilers/definition.ts';
import { INDEX, type Stores, storeOf } from '../../reconcilers/stores.ts';
import { areaOfOwned } from '../azure/owned-areas.ts';

type Listed = {
  readonly [cache in 'identities' | 'assignments' | 'hosts']: Pick<AzureCaches[cache], 'inUse' | 'resyncNow'>;
};

/**
 * What the caches hold of where the objects of a namespace have something is older than what another shard, which had it until now, wrote
 * there. Areas that nobody used are listed as soon as its objects use them.
 */
export function listAnew(
  namespace: string,
  kinds: readonly KindDefinition[],
  stores: Stores,
  caches: Listed,
): void {
  const areas = new Set<string>();
  for (const kind of kinds) {
    if (kind.sharded !== 'byNamespace') continue;
    for (const object of storeOf(kind, stores).byIndex(INDEX.namespace, namespace))
      for (const { key } of kind.ownedInAzure?.of(object) ?? []) {
        const found = areaOfOwned(parsePart(key)?.resource ?? key);
        if (!found || areas.has(`${found.cache} ${found.area}`)) continue;
        areas.add(`${found.cache} ${found.area}`);
        if (caches[found.cache].inUse.has(found.area)) caches[found.cache].resyncNow(found.area);
      }
  }
}
