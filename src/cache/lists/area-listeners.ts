import type { AreasInUse, AreaUser } from './areas-in-use.ts';

/**
 * Users of an area whose first list is in: what is absent from it changes no entry, so no entry's listener enqueues
 * them.
 */
export type LoadedListener = (users: readonly AreaUser[], area: string) => void;

/** The list of an area that somebody was owed (`OwedList`) is in. */
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

  /** The list of an area is believed to hold everything, and was not before: it had failed, or fell short. */
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
