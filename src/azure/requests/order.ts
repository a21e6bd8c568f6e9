/** In which order calls that wait are let through: by class, then namespaces in turn, then by arrival. */
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import type { Waiter } from './request.ts';

/** Whose turn it is, in each class and among those that waited long. */
export class ClassOrder {
  readonly #classes: Readonly<Record<Priority, TurnOrder>> = {
    edit: new TurnOrder(),
    event: new TurnOrder(),
    resync: new TurnOrder(),
  };
  readonly #long = new TurnOrder();

  join({ priority, turn }: Waiter): void {
    this.#classes[priority].join(turn);
    this.#long.join(turn);
  }

  leave({ priority, turn }: Waiter): void {
    this.#classes[priority].leave(turn);
    this.#long.leave(turn);
  }

  had({ priority, turn }: Waiter): void {
    this.#classes[priority].had(turn);
    this.#long.had(turn);
  }

  /** By class, then by turn. */
  before(left: Waiter, right: Waiter): boolean {
    const byClass = PRIORITIES.indexOf(left.priority) - PRIORITIES.indexOf(right.priority);
    if (byClass !== 0) return byClass < 0;
    return isBefore(this.#classes[left.priority], left, right);
  }

  /** Among those that waited long, whatever their class. */
  longBefore(left: Waiter, right: Waiter): boolean {
    return isBefore(this.#long, left, right);
  }
}

function isBefore(order: TurnOrder, left: Waiter, right: Waiter): boolean {
  const byTurn = order.of(left.turn) - order.of(right.turn);
  return byTurn === 0 ? left.order < right.order : byTurn < 0;
}

interface Place {
  /** Smaller comes first. */
  tick: number;
  waiting: number;
}

/**
 * Whose turn it is among the namespaces that wait for the same thing: who had one longest ago. Who begins to wait goes behind
 * all who wait already, so between two turns of one that waits every other has at most one. Nothing is kept of who does not
 * wait.
 */
class TurnOrder {
  readonly #places = new Map<string, Place>();
  #tick = 0;

  /** One call more of this namespace waits. */
  join(turn: string): void {
    const place = this.#places.get(turn);
    if (place) place.waiting += 1;
    else this.#places.set(turn, { tick: this.#tick++, waiting: 1 });
  }

  /** One call less. */
  leave(turn: string): void {
    const place = this.#places.get(turn);
    if (place && --place.waiting === 0) this.#places.delete(turn);
  }

  had(turn: string): void {
    const place = this.#places.get(turn);
    if (place) place.tick = this.#tick++;
  }

  /** Smaller comes first. */
  of(turn: string): number {
    return this.#places.get(turn)?.tick ?? this.#tick;
  }
}

/** Who waits, by class, then by namespace, in order of arrival. */
export class Lines {
  readonly #classes: Readonly<Record<Priority, Map<string, Set<Waiter>>>> = {
    edit: new Map(),
    event: new Map(),
    resync: new Map(),
  };

  add(waiter: Waiter): void {
    const line = this.#classes[waiter.priority].get(waiter.turn);
    if (line) line.add(waiter);
    else this.#classes[waiter.priority].set(waiter.turn, new Set([waiter]));
  }

  /** False if it is not there. */
  remove(waiter: Waiter): boolean {
    const lines = this.#classes[waiter.priority];
    const line = lines.get(waiter.turn);
    if (!line?.delete(waiter)) return false;
    if (line.size === 0) lines.delete(waiter.turn);
    return true;
  }

  has(waiter: Waiter): boolean {
    return this.#classes[waiter.priority].get(waiter.turn)?.has(waiter) ?? false;
  }

  /** Of one class, the line of each namespace. */
  of(priority: Priority): ReadonlyMap<string, ReadonlySet<Waiter>> {
    return this.#classes[priority];
  }

  all(): readonly Waiter[] {
    return PRIORITIES.flatMap((each) => [...this.#classes[each].values()].flatMap((line) => [...line]));
  }

  count(priority: Priority): number {
    let count = 0;
    for (const line of this.#classes[priority].values()) count += line.size;
    return count;
  }

  get empty(): boolean {
    return PRIORITIES.every((priority) => this.#classes[priority].size === 0);
  }
}
