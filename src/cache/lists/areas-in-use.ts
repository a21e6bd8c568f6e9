/** Which areas and subscriptions of Azure are needed by which objects, and who is notified when the lists of an area come in. */

/** What needs areas of Azure listed: the key of an object, or an area whose list showed others beneath it. */
export type AreaUser = string;

interface AreaListener {
  /** The area has its first user. */
  began(area: string): void;
  /** The last one is gone. */
  ended(area: string): void;
}

/** Which areas have users: those are listed, and no others. The one place where their users are counted. */
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

/** Areas of one or more caches, and in which subscription each lies; '' above subscriptions. */
interface AreaSource {
  readonly inUse: AreasInUse;
  subscriptionOf(area: string): string;
}

interface SubscriptionListener {
  /** Something of the subscription is needed. */
  began(subscriptionId: string): void;
  /** Nothing of it is, any more. */
  ended(subscriptionId: string): void;
}

/** The subscriptions of which an area is in use, in any cache. Lower-cased. */
export class SubscriptionsInUse {
  /** Areas in use, by subscription. */
  readonly #counts = new Map<string, number>();
  readonly #listeners = new Set<SubscriptionListener>();

  /** @param sources each set of areas once: caches may share one */
  constructor(sources: readonly AreaSource[]) {
    for (const { inUse, subscriptionOf } of sources) {
      for (const area of inUse.names) this.#enter(subscriptionOf(area));
      inUse.onChange({
        began: (area) => this.#enter(subscriptionOf(area)),
        ended: (area) => this.#leave(subscriptionOf(area)),
      });
    }
  }

  get names(): readonly string[] {
    return [...this.#counts.keys()];
  }

  onChange(listener: SubscriptionListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #enter(subscriptionId: string): void {
    if (subscriptionId === '') return;
    const count = this.#counts.get(subscriptionId) ?? 0;
    this.#counts.set(subscriptionId, count + 1);
    if (count === 0) for (const listener of this.#listeners) listener.began(subscriptionId);
  }

  #leave(subscriptionId: string): void {
    const count = this.#counts.get(subscriptionId);
    if (count === undefined) return;
    if (count > 1) {
      this.#counts.set(subscriptionId, count - 1);
      return;
    }
    this.#counts.delete(subscriptionId);
    for (const listener of this.#listeners) listener.ended(subscriptionId);
  }
}

/**
 * Users of an area whose first list is in: what is absent from it changes no entry, so no entry's listener enqueues
 * them.
 */
export type LoadedListener = (users: readonly AreaUser[], area: string) => void;

/** The list of an area that a caller was owed (`OwedList`) is in. */
export type SettledListener = (area: string) => void;

/** Listeners of the lists of one cache, by what became of a list. */
export class AreaListeners {
  readonly #inUse: Pick<AreasInUse, 'usersOf'>;
  readonly #loaded = new Set<LoadedListener>();
  readonly #settled = new Set<SettledListener>();
  readonly #completed = new Set<LoadedListener>();

  constructor(inUse: Pick<AreasInUse, 'usersOf'>) {
    this.#inUse = inUse;
  }

  /** The first list of an area is in. */
  onLoaded(listener: LoadedListener): Disposable {
    return added(this.#loaded, listener);
  }

  onSettled(listener: SettledListener): Disposable {
    return added(this.#settled, listener);
  }

  /** The list of an area is complete, and was not before: it had failed, or fell short. */
  onCompleted(listener: LoadedListener): Disposable {
    return added(this.#completed, listener);
  }

  loaded(area: string): void {
    const users = this.#inUse.usersOf(area);
    for (const listener of this.#loaded) listener(users, area);
  }

  settled(area: string): void {
    for (const listener of this.#settled) listener(area);
  }

  completed(area: string): void {
    const users = this.#inUse.usersOf(area);
    if (users.length === 0) return;
    for (const listener of this.#completed) listener(users, area);
  }
}

function added<T>(listeners: Set<T>, listener: T): Disposable {
  listeners.add(listener);
  return { [Symbol.dispose]: () => void listeners.delete(listener) };
}
