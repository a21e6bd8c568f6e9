import { groupOf } from '../../azure/names/resource-id.ts';
import type { KindDefinition } from '../definition.ts';
import { INDEX, type Stores, storeOf } from '../stores.ts';

/**
 * Whether some object has it in Azure, or, of a resource group, something in it. Asked for each event, so it uses
 * indexes alone.
 */
export function isOwnedBy(kinds: readonly Owning[], stores: Stores): (key: string) => boolean {
  return (key) =>
    kinds.some((kind) => {
      if (!kind.ownedInAzure) return false;
      if (groupOf(key) === key) return storeOf(kind, stores).isIndexed(INDEX.ownedGroup, key);
      return !Iterator.from(kind.ownedInAzure.ownersOf(key, stores)).next().done;
    });
}

type Owning = Pick<KindDefinition, 'store' | 'ownedInAzure'>;
