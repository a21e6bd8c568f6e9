import type { CallContext } from '../../azure/arm/arm-calls.ts';
import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import { unlessAborted } from '../../runtime/time/bounded-waits.ts';

interface Call<T> {
  readonly priority: Priority;
  readonly turn: string | undefined;
  readonly work: Promise<T>;
}

/**
 * One call for all who want the same at the same time. A more urgent one does not wait behind a less urgent call, and no
 * namespace behind the call of another, which has the other's turn (docs/guarantees.md G24).
 */
export class SingleFlight<T> {
  readonly #running = new Map<string, Set<Call<T>>>();

  /**
   * `start` must not hang on the signal of one caller: others may be waiting (`sharedContext`). Giving up ends only the
   * caller's wait, in which a reconcile needs no worker: how much of it is for a rate limit is not known here.
   */
  async join(
    key: string,
    { priority, turn, signal, waits }: CallContext,
    start: () => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw signal.reason;
    const work = this.#work(key, priority, turn, start);
    const waiting = waits?.begin();
    try {
      return await unlessAborted(work, signal);
    } finally {
      waiting?.[Symbol.dispose]();
    }
  }

  #work(key: string, priority: Priority, turn: string | undefined, start: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? new Set();
    for (const call of running)
      if (call.turn === turn && PRIORITIES.indexOf(call.priority) <= PRIORITIES.indexOf(priority))
        return call.work;
    const call = {
      priority,
      turn,
      work: start().finally(() => {
        running.delete(call);
        if (running.size === 0) this.#running.delete(key);
      }),
    };
    this.#running.set(key, running.add(call));
    return call.work;
  }
}
