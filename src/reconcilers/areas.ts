import type { ObjectKey } from '../kube/types.ts';

/** What lists one area of Azure at a time: a subscription, a management group, the tenant. */
export interface AreaLists {
  use(area: string): void;
  release(area: string): void;
}

/** Which objects have something in which areas: the mirror lists those somebody uses, and no others. */
export class AreasInUse {
  readonly #lists: AreaLists;
  readonly #byKey = new Map<ObjectKey, ReadonlySet<string>>();
  readonly #users = new Map<string, number>();

  constructor(lists: AreaLists) {
    this.#lists = lists;
  }

  /** `key` has something in these areas, and nowhere else. Areas as `areaOf` gives them. */
  note(key: ObjectKey, areas: readonly string[]): void {
    const before = this.#byKey.get(key) ?? new Set<string>();
    const now = new Set(areas);
    if (now.size > 0) this.#byKey.set(key, now);
    else this.#byKey.delete(key);
    // New ones first: an area that one object leaves as another enters must not be forgotten in between.
    for (const area of now) if (!before.has(area)) this.#enter(area);
    for (const area of before) if (!now.has(area)) this.#leave(area);
  }

  forget(key: ObjectKey): void {
    this.note(key, []);
  }

  /** Those in use now. */
  get all(): readonly string[] {
    return [...this.#users.keys()];
  }

  #enter(area: string): void {
    const users = this.#users.get(area) ?? 0;
    this.#users.set(area, users + 1);
    if (users === 0) this.#lists.use(area);
  }

  #leave(area: string): void {
    const users = (this.#users.get(area) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(area, users);
      return;
    }
    this.#users.delete(area);
    this.#lists.release(area);
  }
}
