import { splitKey } from '../key.ts';
import { noQueueMetrics, type QueueMetrics, type QueueSnapshot } from '../metrics.ts';
import type { Priority } from '../outcome.ts';
import type { Clock } from '../time/clock.ts';
import type { Backoff, Random } from './backoff.ts';
import { InFlight, type InFlightLimits, NO_LIMITS } from './in-flight.ts';
import { countByPriority, merged, PendingKeys, Retries, type Wish } from './pending.ts';
import type { OpenClasses } from './ready.ts';

interface QueueOptions {
  readonly clock: Clock;
  /** For the jitter of the back-off. */
  readonly random: Random;
  /** Defaults to 1 s doubling to 15 min. */
  readonly backoff?: Backoff;
  /** How long a key waits before it may use the share of old keys. Defaults to 5 min. */
  readonly agingMs?: number;
  /**
   * The namespaces on whose behalf a key runs: it runs as soon as one of them has its turn. Defaults to the key's own
   * namespace.
   */
  readonly turnsOf?: (key: string) => readonly string[];
  /** How much of one namespace may run at once. Defaults to no limit. */
  readonly limits?: InFlightLimits;
  readonly metrics?: QueueMetrics;
}

/** A key handed to a worker, which must call `done` for it. */
export interface QueueItem {
  readonly key: string;
  readonly priority: Priority;
  /** How long the key was due before a worker took it, ms. */
  readonly waitedMs: number;
  /** 1, plus the failures since the last `forget`. */
  readonly attempt: number;
  /** The namespace whose turn it is; '' for what belongs to none. */
  readonly turn: string;
}

interface Running {
  readonly priority: Priority;
  readonly turn: string;
  readonly startedAt: number;
  /** It waits for a rate limit, and has no worker meanwhile. */
  paused: boolean;
  /** What was asked for while it ran. */
  next?: Wish;
}

type Waiter = (item: QueueItem | undefined) => void;

/**
 * The work queue: holds keys, each at most once (docs/architecture.md section 5, docs/kubernetes.md section 4). A key
 * is *ready*, *delayed* or *running*; one added while it runs is remembered and queued again when it is done, so no
 * key ever runs twice at once and no change is lost.
 *
 * - Inside a class namespaces take turns: a thousand keys of one delay another's by one turn (docs/guarantees.md
 *   G24).
 * - The earlier of two delays wins; a plain add makes a delayed key ready now. The higher of two classes wins.
 * - A time given by a server (`retry` with `notBeforeMs`, `holdBack`) is a floor: events and resyncs added later do
 *   not undercut it. An edit does: a person waits for an answer, the edit may be what makes the call unnecessary, and
 *   the rate-limit scope that got the 429 still makes the call wait. A back-off of our own is no floor: something
 *   changed, so it may succeed now.
 * - Every operation is O(log n).
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #pending: PendingKeys;
  readonly #turnsOf: (key: string) => readonly string[];
  readonly #inFlight: InFlight;
  readonly #running = new Map<string, Running>();
  readonly #retries: Retries;
  /** Who waits for a key, and of which classes it takes one now. */
  readonly #waiters = new Map<Waiter, OpenClasses>();
  #timer: { readonly due: number; readonly handle: Disposable } | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    const { clock, random, backoff, agingMs = 5 * 60_000, metrics = noQueueMetrics } = options;
    this.#turnsOf = options.turnsOf ?? ((key) => [splitKey(key).namespace ?? '']);
    this.#inFlight = new InFlight(options.limits ?? NO_LIMITS);
    this.#clock = clock;
    this.#retries = new Retries(random, backoff);
    this.#metrics = metrics;
    this.#pending = new PendingKeys(checkedMs('agingMs', agingMs));
    metrics.bind(this);
  }

  /** Queues the key to run in `afterMs` (default now). Ignored after `shutdown`. */
  add(key: string, priority: Priority, afterMs = 0): void {
    const due = this.#clock.monotonic() + checkedMs('afterMs', afterMs);
    if (this.#closed) return;
    const wish = this.#retries.allowed(key, { priority, due, turns: this.#turnsOf(key) });
    const running = this.#running.get(key);
    if (running) running.next = merged(running.next, wish);
    else this.#enqueue(key, wish);
  }

  /**
   * The next key, when there is one: `undefined` after `shutdown`. Rejects with the signal's reason when it aborts.
   * A key handed out in the same moment as the abort is not lost: the promise still gives it.
   *
   * @param isOpen asked whenever a key might be handed out, and again when one is paused or done: whether one of this class may be
   */
  get(signal?: AbortSignal, isOpen: OpenClasses = () => true): Promise<QueueItem | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(deliver);
        reject(signal?.reason);
      };
      const deliver: Waiter = (item) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(item);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.set(deliver, isOpen);
      this.#serve();
    });
  }

  /** The worker has ended with the key; what was asked for meanwhile is queued now. */
  done(key: string): void {
    const running = this.#expectRunning(key);
    const { turn, priority, paused, startedAt, next } = running;
    this.#running.delete(key);
    this.#inFlight.ended(turn, priority, paused);
    this.#metrics.worked(this.#clock.monotonic() - startedAt);
    if (next && !this.#closed) this.#enqueue(key, next);
    else this.#serve();
  }

  /** A running key waits for a rate limit: it stays running, and counts as none of its namespace's workers meanwhile. */
  pause(key: string): void {
    const running = this.#expectRunning(key);
    if (running.paused) return;
    running.paused = true;
    this.#inFlight.paused(running.turn);
    this.#serve();
  }

  resume(key: string): void {
    const running = this.#expectRunning(key);
    if (!running.paused) return;
    running.paused = false;
    this.#inFlight.resumed(running.turn);
  }

  /**
   * Counts a failure of a running key and queues it again after its back-off, or after `notBeforeMs` from now (a
   * server's `Retry-After`) if that is longer. Call it before `done`, with the class the key ran in, which it keeps.
   */
  retry(key: string, priority: Priority, notBeforeMs = 0): void {
    this.#again(key, priority, notBeforeMs, this.#retries.nextBackoffMs(key));
    this.#retries.failed(key);
    this.#metrics.retried();
  }

  /**
   * Queues a running key again in just `notBeforeMs`, when the rate-limit scope opens that held it back. That is no failure, so
   * there is no back-off, and no success, so earlier failures still count. Call it before `done`, as `retry`.
   */
  holdBack(key: string, priority: Priority, notBeforeMs: number): void {
    this.#again(key, priority, notBeforeMs, 0);
  }

  #again(key: string, priority: Priority, notBeforeMs: number, backoff: number): void {
    const running = this.#expectRunning(key);
    const now = this.#clock.monotonic();
    const floor = this.#retries.holdBack(key, now + checkedMs('notBeforeMs', notBeforeMs), now);
    const due = Math.max(floor, now + backoff);
    // What was added while it ran has the floor to respect too.
    const asked = running.next && this.#retries.allowed(key, running.next);
    running.next = merged(asked, { priority, due, turns: this.#turnsOf(key) });
  }

  /** The key did well: its next failure is its first, and no server's time binds it any more. */
  forget(key: string): void {
    this.#retries.forget(key);
  }

  /** Failures in a row since the last `forget`. */
  failures(key: string): number {
    return this.#retries.failures(key);
  }

  /** Keys by state and class. A key that was added again while running counts as running only. */
  get size(): Pick<QueueSnapshot, 'ready' | 'delayed' | 'running'> {
    return {
      ...this.#pending.counts(this.#clock.monotonic()),
      running: countByPriority(this.#running.values()),
    };
  }

  /** True if nothing runs and nothing is ready: all that is left, if anything, is due later. */
  idle(): boolean {
    return this.#running.size === 0 && this.#pending.readySize(this.#clock.monotonic()) === 0;
  }

  /** Ms until a waiting key may run; 0 when one may run now; undefined when none waits. */
  nextDueMs(): number | undefined {
    const now = this.#clock.monotonic();
    if (this.#pending.readySize(now) > 0) return 0;
    const due = this.#pending.nextDue(now);
    return due === undefined ? undefined : due - now;
  }

  /** For metrics. */
  snapshot(): QueueSnapshot {
    const now = this.#clock.monotonic();
    const ages = [...this.#running.values()].map(({ startedAt }) => now - startedAt);
    return {
      ...this.size,
      waiting: [...this.#running.values()].filter(({ paused }) => paused).length,
      oldestWaitMs: this.#pending.oldestWaitMs(now),
      unfinishedMs: ages.reduce((sum, age) => sum + age, 0),
      longestRunningMs: Math.max(0, ...ages),
    };
  }

  /**
   * Gives out no further key: waiters get `undefined`, what waits is dropped (the next start lists all objects, and so
   * enqueues them again), adds are ignored. Running keys end with `done` as always.
   */
  shutdown(): void {
    this.#closed = true;
    this.#pending.clear();
    this.#arm(undefined);
    for (const deliver of this.#waiters.keys()) deliver(undefined);
    this.#waiters.clear();
  }

  #enqueue(key: string, wish: Wish): void {
    if (this.#pending.add(key, wish, this.#clock.monotonic())) this.#metrics.added();
    this.#serve();
  }

  /** Serves waiters as far as keys reach, then sets the one timer to the next delay. */
  #serve(): void {
    const now = this.#clock.monotonic();
    for (const [deliver, isOpen] of this.#waiters) {
      const taken = this.#pending.take(now, this.#inFlight.admits, isOpen);
      if (!taken) continue;
      const { key, priority, since, turn } = taken;
      this.#running.set(key, { priority, turn, startedAt: now, paused: false });
      this.#inFlight.began(turn, priority);
      this.#metrics.waited(now - since);
      this.#waiters.delete(deliver);
      deliver({ key, priority, waitedMs: now - since, attempt: this.failures(key) + 1, turn });
    }
    this.#arm(this.#pending.nextDue(now));
  }

  #arm(due: number | undefined): void {
    if (due === this.#timer?.due) return;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    if (due === undefined) return;
    const handle = this.#clock.timer(due - this.#clock.monotonic(), () => {
      this.#timer = undefined;
      this.#serve();
    });
    this.#timer = { due, handle };
  }

  #expectRunning(key: string): Running {
    const running = this.#running.get(key);
    if (!running) throw new Error(`Expected \`key\` to be running, got \`${key}\`, which is not`);
    return running;
  }
}

/** NaN or Infinity in a heap would silently break its order, so they are refused here. */
function checkedMs(name: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new RangeError(`Expected \`${name}\` to be a finite number of milliseconds from 0 up, got \`${ms}\``);
}
