import { PRIORITIES, type Priority } from '../../../runtime/outcome.ts';
import type { Waiter } from '../request.ts';
import { TurnOrder } from './turn-order.ts';

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
