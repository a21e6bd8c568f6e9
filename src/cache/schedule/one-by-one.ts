import type { Clock } from '../../runtime/time/clock.ts';
import { Rotations } from './rotations.ts';

interface OneByOneOptions {
  readonly clock: Clock;
  readonly read: (id: string) => Promise<unknown>;
  /** Lower-cased; '' above subscriptions. */
  readonly subscriptionOf: (area: string) => string;
}

/** Resources of which no list shows enough, read again one by one: those of areas that have no list, and those that a list left out. */
export class OneByOne {
  readonly #rotations: Rotations;
  readonly #subscriptionOf: OneByOneOptions['subscriptionOf'];
  /** Areas whose last list left out what matters. */
  readonly #leftOut = new Set<string>();

  constructor({ clock, read, subscriptionOf }: OneByOneOptions) {
    this.#rotations = new Rotations({ clock, read });
    this.#subscriptionOf = subscriptionOf;
  }

  /** A list of the area came. @param leftOut ids of which it shows too little */
  listed(area: string, leftOut: readonly string[]): void {
    if (leftOut.length > 0) this.#leftOut.add(area);
    else this.forget(area);
    for (const id of leftOut) this.#rotations.join(this.#placeOf(area), id);
  }

  /** It was read, or written: its turn comes again, if no list shows it. */
  found(area: string, id: string, hasList: boolean): void {
    if (!hasList || this.#leftOut.has(area)) this.#rotations.wasRead(this.#placeOf(area), id);
  }

  gone(area: string, id: string): void {
    this.#rotations.leave(this.#placeOf(area), id);
  }

  forget(area: string): void {
    this.#leftOut.delete(area);
    this.#rotations.drop(this.#placeOf(area));
  }

  get size(): number {
    return this.#rotations.size;
  }

  stop(): Promise<void> {
    return this.#rotations.stop();
  }

  #placeOf(area: string) {
    return { subscription: this.#subscriptionOf(area), area };
  }
}
