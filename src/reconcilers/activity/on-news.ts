import type { News } from '../../hints/activity/journal.ts';
import type { Source, Watch } from '../../runtime/controller/watch.ts';
import { RecentMap } from '../../runtime/recent-map.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Stores } from '../stores.ts';
import type { OwnedInAzure } from './owned.ts';

/**
 * News wait for more of their kind: one status reports all. They are not urgent, as what is to be repaired is read
 * anyway.
 */
export const NEWS_MS = 5_000;
/**
 * Between two reconciles of one object for news alone: whoever may put events into a queue, and whoever writes to a resource all day,
 * costs a status a minute and no more.
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
