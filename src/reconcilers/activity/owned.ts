import type { ManagedObject } from '../../api/schema/common.ts';
import { groupOf } from '../../azure/names/resource-id.ts';
import type { Call } from '../../hints/activity/call.ts';
import type { News } from '../../hints/activity/journal.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Source, Watch } from '../../runtime/controller/watch.ts';
import { RecentMap } from '../../runtime/recent-map.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { INDEX, type StoreDefinition, type Stores, storeOf } from '../stores.ts';

/** What the objects of a kind have in Azure, for `status.activity`: of each, where the journal keeps what was done to it. */
export interface OwnedInAzure<T extends ManagedObject = ManagedObject> {
  /** By what its spec names and its status remembers. */
  of(object: T): readonly OwnedThing[];
  /** The objects that may have it; one too many costs a reconcile. `key`: of the journal. */
  ownersOf(key: string, stores: Stores): Iterable<ObjectKey>;
  /** Whether such a call concerns the objects. Absent: each does. */
  concerns?(call: Call): boolean;
}

interface OwnedThing {
  /** Of the journal: `armKey`, or `partOf` a resource. */
  readonly key: string;
  /** Shown with each call, where an object has several things. */
  readonly resourceId?: string;
}

interface Owning {
  readonly store: StoreDefinition;
  readonly ownedInAzure?: OwnedInAzure;
}

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

/**
 * News wait for more of their kind: one status reports all. They are not urgent, as what is to be repaired is read
 * anyway.
 */
export const NEWS_MS = 5_000;
/**
 * Between two reconciles of one object for news alone: a sender of events, or a tool that writes to a resource all day, costs a status a
 * minute and no more.
 */
export const CALM_MS = 60_000;
/** For so many objects it is known when they last reported; news of the others are treated as their first. */
const REMEMBERED = 10_000;

/** A foreign call enqueues the objects that are to report it. */
export function onNews(
  news: Source<News>,
  owned: OwnedInAzure,
  stores: Stores,
  clock: Pick<Clock, 'monotonic'>,
): Watch {
  return {
    start: (enqueue) => {
      const due = new RecentMap<number>(REMEMBERED);
      return news.onChange(({ key, call }) => {
        if (owned.concerns?.(call) === false) return;
        const now = clock.monotonic();
        for (const each of new Set(owned.ownersOf(key, stores))) {
          const at = dueAt(due.get(each), now);
          due.set(each, at);
          // Again, even where one is due already: a reconcile in between may have begun before this call was known.
          enqueue(each, 'resync', at - now);
        }
      });
    },
  };
}

/** @param last when the object was last due for news, or will be */
function dueAt(last: number | undefined, now: number): number {
  if (last === undefined) return now + NEWS_MS;
  return last > now ? last : Math.max(now + NEWS_MS, last + CALM_MS);
}
