import { armKey } from '../../azure/names/resource-id.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { Rotation } from './rotation.ts';

interface RotationsOptions {
  readonly clock: Clock;
  /** A full round: see `Rotation`. */
  readonly roundMs?: number | undefined;
  /** The least time between two reads of a subscription: see `Rotation`. */
  readonly spacingMs?: number | undefined;
  /** A rejection is left to the next round. */
  readonly read: (id: string) => Promise<unknown>;
}

/** Where something is read in turn: rotations are of a subscription, and an area ends as a whole. */
interface RotationPlace {
  readonly subscription: string;
  readonly area: string;
}

interface Round {
  readonly rotation: Rotation;
  /** Keys of what is in it, by area. */
  readonly keys: Map<string, Set<string>>;
}

/** Slow rotation, one for each subscription, of what no list shows, or not enough of. */
export class Rotations {
  readonly #options: RotationsOptions;
  readonly #rounds = new Map<string, Round>();

  constructor(options: RotationsOptions) {
    this.#options = options;
  }

  /** It was never read: it comes first. One that is in it keeps its turn. */
  add(place: RotationPlace, id: string): void {
    this.#enter(place, id);
  }

  /** It was read a while ago, by this rotation or otherwise. One that is in it keeps its turn. */
  join(place: RotationPlace, id: string): void {
    if (!this.#keysOf(place)?.has(armKey(id))) this.wasRead(place, id);
  }

  /** It was just read, by this rotation or otherwise: it joins, or its turn comes last. */
  wasRead(place: RotationPlace, id: string): void {
    this.#enter(place, id).touched(armKey(id));
  }

  /** What was read of it may not be all: it is next, if it is in. */
  again({ subscription }: RotationPlace, id: string): void {
    this.#rounds.get(subscription)?.rotation.again(armKey(id));
  }

  /** It is gone: it is read when a caller asks for it. */
  leave(place: RotationPlace, id: string): void {
    if (!this.#keysOf(place)?.delete(armKey(id))) return;
    this.#remove(place.subscription, [armKey(id)]);
  }

  /** The area has no users any more, or its list shows all. */
  drop({ subscription, area }: RotationPlace): void {
    const round = this.#rounds.get(subscription);
    const keys = round?.keys.get(area);
    if (!keys) return;
    round?.keys.delete(area);
    this.#remove(subscription, keys);
  }

  has(place: RotationPlace, id: string): boolean {
    return this.#keysOf(place)?.has(armKey(id)) ?? false;
  }

  /** How many are in it. */
  get size(): number {
    return [...this.#rounds.values()].reduce((sum, { rotation }) => sum + rotation.size, 0);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#rounds.values()].map(({ rotation }) => rotation.stop()));
  }

  #enter({ subscription, area }: RotationPlace, id: string): Rotation {
    let round = this.#rounds.get(subscription);
    if (!round) {
      round = { rotation: new Rotation(this.#options), keys: new Map() };
      this.#rounds.set(subscription, round);
    }
    const key = armKey(id);
    round.keys.set(area, (round.keys.get(area) ?? new Set()).add(key));
    round.rotation.add(key, id);
    return round.rotation;
  }

  /** A rotation without anything to read is one of a subscription that may never be used again. */
  #remove(subscription: string, keys: Iterable<string>): void {
    const rotation = this.#rounds.get(subscription)?.rotation;
    for (const key of keys) rotation?.remove(key);
    if (rotation?.size !== 0) return;
    this.#rounds.delete(subscription);
    void rotation.stop();
  }

  #keysOf({ subscription, area }: RotationPlace): Set<string> | undefined {
    return this.#rounds.get(subscription)?.keys.get(area);
  }
}

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
