import type { Priority } from '../outcome.ts';

/** Of the workers, this share is never taken by resyncs; edits and events have it even when all are taken, and edits even when events have. */
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
  readonly #taken: Record<Priority, number> = { edit: 0, event: 0, resync: 0 };

  constructor(workers: number) {
    this.#workers = workers;
    this.#reserved = Math.floor(workers * RESERVED_SHARE);
  }

  /** Whether a reconcile of this class may begin now. */
  readonly isOpen = (priority: Priority): boolean => {
    const { edit, event, resync } = this.#taken;
    const hasFree = edit + event + resync < this.#workers;
    if (priority === 'resync') return hasFree && resync < this.#workers - this.#reserved;
    // What a list or an event shows may be thousands at once, each with a write of its own.
    return hasFree || (priority === 'edit' ? edit : edit + event) < this.#reserved;
  };

  taken(priority: Priority): void {
    this.#taken[priority] += 1;
  }

  freed(priority: Priority): void {
    this.#taken[priority] -= 1;
  }
}
