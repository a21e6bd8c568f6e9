/** Which reconciles have a worker, and the waits for rate limits in which a reconcile has none. */
import type { Priority } from '../outcome.ts';

/** Of the workers, this share is never taken by resyncs; edits and events have it even when all are taken, and edits even when events have. */
const RESERVED_SHARE = 1 / 4;

/**
 * Which reconciles have a worker. A call to Azure holds one for seconds, and many that were begun together end together; one that
 * waited for a rate limit goes on with a worker whether one is free or not. So however much is reconciled in the background,
 * an edit or an event begins at once: the reserved workers are left by resyncs, and given beyond the number where that is
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

/**
 * The waits of a reconcile for rate limits. While it waits it has no worker: a few that wait would else hold up all
 * the others, of other namespaces and for other limits too (docs/guarantees.md G24).
 */
export class Waits {
  readonly #onChange: (waiting: boolean) => void;
  readonly #atEnd: (() => void)[] = [];
  #waiting = 0;
  #places = 0;
  #count = 0;
  #ended = false;

  /** @param onChange called when it begins to wait, and when nothing of it waits any more */
  constructor(onChange: (waiting: boolean) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Something of it waits now. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  /** An edit may end it: it stands in no line, and keeps no turn, that it would lose by that. */
  get cuttable(): boolean {
    return this.#places === 0;
  }

  /** How often it began to wait: the same number twice shows that nothing waited in between. */
  get count(): number {
    return this.#count;
  }

  /**
   * Something of the reconcile waits until this is disposed. Several may at once.
   * @param cuttable false: it is asked at its turn whether it still holds, and keeps its place, also if the object is edited meanwhile
   */
  begin({ cuttable = true }: { readonly cuttable?: boolean } = {}): Disposable {
    const place = cuttable ? undefined : this.keepPlace();
    this.#count += 1;
    this.#waiting += 1;
    if (this.#waiting === 1) this.#notify(true);
    return once(() => {
      place?.[Symbol.dispose]();
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#notify(false);
    });
  }

  /** Until this is disposed the reconcile has a place in a line, or a turn that came, and is not to lose it to an edit. */
  keepPlace(): Disposable {
    this.#places += 1;
    return once(() => {
      this.#places -= 1;
    });
  }

  /** Called when the reconcile ends: what it was given and did not use goes back. At once if it has. */
  atEnd(fn: () => void): void {
    if (this.#ended) fn();
    else this.#atEnd.push(fn);
  }

  /** The reconcile has ended: its waits are reported no more. */
  end(): void {
    this.#ended = true;
    for (const fn of this.#atEnd.splice(0)) fn();
  }

  #notify(waiting: boolean): void {
    if (!this.#ended) this.#onChange(waiting);
  }
}

function once(end: () => void): Disposable {
  let ended = false;
  return {
    [Symbol.dispose]: () => {
      if (ended) return;
      ended = true;
      end();
    },
  };
}
