import type { ObjectKey } from '../kube/types.ts';

/** What lists one area of Azure at a time: a subscription, a management group, the tenant. */
export interface AreaLists {
  use(area: string): void;
  release(area: string): void;
  /** Resolves with the first whole list; rejects when the area is released, or azid stops, before it. */
  whenLoaded(area: string): Promise<void>;
}

/** Which objects have something in which areas: the mirror lists those somebody uses, and no others. */
export class AreasInUse {
  readonly #lists: AreaLists;
  readonly #byKey = new Map<ObjectKey, ReadonlySet<string>>();
  readonly #users = new Map<string, Set<ObjectKey>>();
  readonly #onLoaded: (keys: Iterable<ObjectKey>) => void;

  /**
   * @param onLoaded called with the users of an area when its first list is in: what the list does not show changes
   *   nothing in the mirror, so nothing else would wake an object that waits for it
   */
  constructor(lists: AreaLists, onLoaded: (keys: Iterable<ObjectKey>) => void) {
    this.#lists = lists;
    this.#onLoaded = onLoaded;
  }

  /** `key` has something in these areas, and nowhere else. Areas as `areaOf` gives them. */
  note(key: ObjectKey, areas: readonly string[]): void {
    const before = this.#byKey.get(key) ?? new Set<string>();
    const now = new Set(areas);
    if (now.size > 0) this.#byKey.set(key, now);
    else this.#byKey.delete(key);
    // New ones first: an area that one object leaves as another enters must not be forgotten in between.
    for (const area of now) if (!before.has(area)) this.#enter(area, key);
    for (const area of before) if (!now.has(area)) this.#leave(area, key);
  }

  forget(key: ObjectKey): void {
    this.note(key, []);
  }

  /** Those in use now. */
  get all(): readonly string[] {
    return [...this.#users.keys()];
  }

  #enter(area: string, key: ObjectKey): void {
    const users = this.#users.get(area);
    if (users) {
      users.add(key);
      return;
    }
    const first = new Set([key]);
    this.#users.set(area, first);
    this.#lists.use(area);
    this.#lists.whenLoaded(area).then(
      () => this.#onLoaded(first),
      () => {}, // Then nobody waits any more.
    );
  }

  #leave(area: string, key: ObjectKey): void {
    const users = this.#users.get(area);
    users?.delete(key);
    if (users?.size !== 0) return;
    this.#users.delete(area);
    this.#lists.release(area);
  }
}
