import type { AreasInUse } from './areas-in-use.ts';

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

/** The subscriptions of which somebody needs an area, in any cache. Lower-cased. */
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
