/** Hears of changes, one by one. */
export type Listener<C> = (change: C) => void;

/** Each listener hears of each change, in order, also of those after which another listener threw. */
export class Listeners<C> {
  readonly #listeners = new Set<Listener<C>>();
  readonly #onError: ((error: unknown) => void) | undefined;

  /** @param onError without it the first error is thrown at the end */
  constructor(onError?: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(listener: Listener<C>): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  notify(changes: readonly C[]): void {
    const errors: unknown[] = [];
    for (const change of changes)
      for (const listener of this.#listeners)
        try {
          listener(change);
        } catch (error) {
          errors.push(error);
        }
    for (const error of errors) {
      if (!this.#onError) throw error;
      this.#onError(error);
    }
  }
}
