import type { AreasInUse } from '../../cache/lists/areas-in-use.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Source } from '../../runtime/controller/watch.ts';

/** One cache may have users of several kinds, whose objects may have equal keys: each kind marks its own. */

export interface CacheOfAreas {
  use: AreasInUse['use'];
  onLoaded(listener: (users: readonly string[], area: string) => void): Disposable;
  /** A list came that a user of the area waited for. */
  onSettled(listener: (area: string) => void): Disposable;
}

export function areasOf(cache: Pick<CacheOfAreas, 'use'>, kind: string): Pick<AreasInUse, 'use'> {
  return { use: (key, areas) => cache.use(`${kind} ${key}`, areas) };
}

/** Keys of objects of one kind, when an area of theirs was listed for the first time. */
export function listedFor(cache: Pick<CacheOfAreas, 'onLoaded'>, kind: string): Source<readonly ObjectKey[]> {
  const prefix = `${kind} `;
  return {
    onChange: (listener) =>
      cache.onLoaded((users) =>
        listener(users.filter((user) => user.startsWith(prefix)).map((user) => user.slice(prefix.length))),
      ),
  };
}

/** Of the users without a mark. */
export function listedOf(cache: Pick<CacheOfAreas, 'onLoaded'>): Source<readonly ObjectKey[]> {
  return {
    onChange: (listener) => cache.onLoaded((users) => listener(users.filter((user) => !user.includes(' ')))),
  };
}

/** The same, when the list of an area of theirs is believed to hold everything, and was not before. */
export function completedOf(cache: { onCompleted: CacheOfAreas['onLoaded'] }): Source<readonly ObjectKey[]> {
  return {
    onChange: (listener) =>
      cache.onCompleted((users) => listener(users.filter((user) => !user.includes(' ')))),
  };
}
