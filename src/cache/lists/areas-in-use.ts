/** Whoever needs areas of Azure listed: the key of an object, or an area whose list showed others beneath it. */
export type AreaUser = string;

interface AreaListener {
  /** The area has its first user. */
  began(area: string): void;
  /** The last one is gone. */
  ended(area: string): void;
}

/** Which areas somebody needs: those are listed, and no others. The one place where their users are counted. */
export class AreasInUse {
  readonly #byUser = new Map<AreaUser, ReadonlySet<string>>();
  readonly #users = new Map<string, Set<AreaUser>>();
  readonly #listeners = new Set<AreaListener>();

  /** `user` needs these areas, and no others. */
  use(user: AreaUser, areas: Iterable<string>): void {
    const before = this.#byUser.get(user) ?? new Set<string>();
    const now = new Set(areas);
    if (now.size > 0) this.#byUser.set(user, now);
    else this.#byUser.delete(user);
    // New ones first: an area that one object leaves as another enters must not be forgotten in between.
    for (const area of now) if (!before.has(area)) this.#enter(area, user);
    for (const area of before) if (!now.has(area)) this.#leave(area, user);
  }

  has(area: string): boolean {
    return this.#users.has(area);
  }

  get names(): readonly string[] {
    return [...this.#users.keys()];
  }

  usersOf(area: string): readonly AreaUser[] {
    return [...(this.#users.get(area) ?? [])];
  }

  areasOf(user: AreaUser): readonly string[] {
    return [...(this.#byUser.get(user) ?? [])];
  }

  onChange(listener: AreaListener): void {
    this.#listeners.add(listener);
  }

  #enter(area: string, user: AreaUser): void {
    const users = this.#users.get(area);
    if (users) {
      users.add(user);
      return;
    }
    this.#users.set(area, new Set([user]));
    for (const listener of this.#listeners) listener.began(area);
  }

  #leave(area: string, user: AreaUser): void {
    const users = this.#users.get(area);
    users?.delete(user);
    if (users?.size !== 0) return;
    this.#users.delete(area);
    for (const listener of this.#listeners) listener.ended(area);
  }
}
