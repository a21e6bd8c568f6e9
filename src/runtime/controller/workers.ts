import type { Priority } from '../outcome.ts';

/** Of the workers, this share is never taken by resyncs, and edits and events have it even when all are taken. */
const RESERVED_SHARE = 1 / 4;

/**
 * Which reconciles have a worker. A call to Azure holds one for seconds, and many that were begun together end together; one that
 * waited for a rate limit goes on with a worker whether one is free or not. So however much is reconciled in the background,
 * what somebody waits for begins at once: the reserved workers are left by resyncs, and given beyond the number where that is
 * what it takes.
 */
export class Workers {
  readonly #workers: number;
  readonly #reserved: number;
  #urgent = 0;
  #resyncs = 0;

  constructor(workers: number) {
    this.#workers = workers;
    this.#reserved = Math.floor(workers * RESERVED_SHARE);
  }

  /** Whether a reconcile of this class may begin now. */
  readonly isOpen = (priority: Priority): boolean => {
    const hasFree = this.#urgent + this.#resyncs < this.#workers;
    if (priority === 'resync') return hasFree && this.#resyncs < this.#workers - this.#reserved;
    return hasFree || this.#urgent < this.#reserved;
  };

  taken(priority: Priority): void {
    this.#count(priority, 1);
  }

  freed(priority: Priority): void {
    this.#count(priority, -1);
  }

  #count(priority: Priority, by: number): void {
    if (priority === 'resync') this.#resyncs += by;
    else this.#urgent += by;
  }
}
