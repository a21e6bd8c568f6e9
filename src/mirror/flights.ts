import { PRIORITIES, type Priority } from '../runtime/outcome.ts';
import { unlessAborted } from './unless-aborted.ts';

interface Flight<T> {
  readonly priority: Priority;
  readonly work: Promise<T>;
}

/** One call for all who want the same at the same time. A more urgent one does not wait behind a less urgent call. */
export class Flights<T> {
  readonly #flights = new Map<string, Set<Flight<T>>>();

  /** `start` must not hang on the signal of one caller: others may be waiting. Giving up ends only the caller's wait. */
  join(key: string, priority: Priority, start: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const flights = this.#flights.get(key) ?? new Set();
    for (const flight of flights)
      if (PRIORITIES.indexOf(flight.priority) <= PRIORITIES.indexOf(priority))
        return unlessAborted(flight.work, signal);
    const flight = {
      priority,
      work: start().finally(() => {
        flights.delete(flight);
        if (flights.size === 0) this.#flights.delete(key);
      }),
    };
    this.#flights.set(key, flights.add(flight));
    return unlessAborted(flight.work, signal);
  }
}
