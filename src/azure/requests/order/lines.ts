import { PRIORITIES, type Priority } from '../../../runtime/outcome.ts';
import type { Waiter } from '../request.ts';

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
