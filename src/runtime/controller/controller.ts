import { randomUUID } from 'node:crypto';
import { splitKey } from '../key.ts';
import type { Log } from '../log.ts';
import { type ControllerMetrics, noControllerMetrics } from '../metrics.ts';
import { type Outcome, PRIORITIES, type Priority } from '../outcome.ts';
import type { Random } from '../queue/backoff.ts';
import type { QueueItem, WorkQueue } from '../queue/queue.ts';
import { firstOf, nextTurn, TimeLimit } from '../time/bounded-waits.ts';
import type { Clock } from '../time/clock.ts';
import { afterReconcile } from './after-reconcile.ts';
import { endingOf, type Reconcile, ReconcileCut } from './reconcile-request.ts';
import { Waits, Workers } from './workers.ts';

export interface ControllerOptions {
  /** In logs and metrics: the kind, lower case. */
  readonly name: string;
  /** The controller's own; `run` shuts it down at the end. */
  readonly queue: WorkQueue;
  readonly clock: Clock;
  /**
   * How many keys are reconciled at the same time, from 1 up. One that waits for a rate limit needs no worker meanwhile; a part of
   * them is kept for edits and events (`Workers`).
   */
  readonly workers: number;
  readonly reconcile: Reconcile;
  /** The class by the object itself, not by what enqueued it (docs/architecture.md section 5). Defaults to what was proposed. */
  readonly classify?: (key: string, proposed: Priority) => Priority;
  /**
   * Another text after each edit of the object. An edit of an object whose reconcile waits for a rate limit need not wait
   * with it: it ends, and begins anew with the object as it is now. Not if a write of it stands in line, which is decided anew
   * at its turn: else frequent edits keep it from ever being sent. Defaults to knowing no edits.
   */
  readonly editionOf?: (key: string) => string | undefined;
  /** What a known error means; undefined = unexpected, counted as a panic. Defaults to knowing none. */
  readonly outcomeOf?: (error: unknown) => Outcome | undefined;
  /** After this long, waits for a rate limit left out, the reconcile's signal aborts. Defaults to 2 min: what takes longer in Azure holds no worker. */
  readonly timeLimitMs?: number;
  /** How long running reconciles may go on after the stop. Defaults to 30 s (docs/kubernetes.md section 6). */
  readonly graceMs?: number;
  readonly metrics?: ControllerMetrics;
  readonly log: Log;
  /** For the jitter of rechecks. */
  readonly random: Random;
}

/** How long aborted reconciles are waited for. */
const UNWIND_MS = 5_000;

/** A reconcile under way. */
interface Running {
  readonly abort: AbortController;
  readonly waits: Waits;
  readonly priority: Priority;
  readonly edition: string | undefined;
}

/**
 * Takes keys from a queue and reconciles them, `workers` at a time. A reconcile that waits for a rate limit gives
 * its worker back; how many of one namespace may be under way all the same, the queue decides (`InFlightLimits`).
 */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #metrics: ControllerMetrics;
  readonly #log: Log;
  readonly #reconciles = new Map<string, Running>();
  readonly #workers: Workers;
  /** Reconciles that have a worker. */
  #active = 0;
  #started = false;
  #stopping = false;

  constructor(options: ControllerOptions) {
    if (!Number.isInteger(options.workers) || options.workers < 1) {
      throw new RangeError(`Expected \`workers\` to be an integer from 1 up, got \`${options.workers}\``);
    }
    this.name = options.name;
    this.#workers = new Workers(options.workers);
    this.#options = options;
    this.#queue = options.queue;
    this.#metrics = options.metrics ?? noControllerMetrics;
    this.#log = options.log.child({ controller: options.name });
  }

  /** Queues a key, in the class its object deserves. Safe before `run` and after it. */
  enqueue(key: string, priority: Priority, afterMs?: number): void {
    const classified = this.#classify(key, priority);
    this.#queue.add(key, classified, afterMs);
    const running = this.#reconciles.get(key);
    if (!running?.waits.waiting) return;
    // A place in a slower line is worth less than one in that of the edit: this happens once for each class.
    const isFaster = PRIORITIES.indexOf(classified) < PRIORITIES.indexOf(running.priority);
    if (running.waits.cuttable || isFaster) this.#cutIfEdited(key, running);
  }

  /** Reconciles running now. Above 0 after `run` has ended: that many did not heed their signal and were left behind. */
  get running(): number {
    return this.#reconciles.size;
  }

  /** True if nothing runs and nothing is ready; what is due later does not count. */
  idle(): boolean {
    return this.#reconciles.size === 0 && this.#queue.idle();
  }

  /**
   * Works until `stop` aborts; then takes no further key, lets running reconciles end for `graceMs`, aborts their signals
   * and waits 5 s more. `cut` (a lost lease) aborts them at once. Never rejects for what a reconcile did.
   */
  async run(stop: AbortSignal, cut?: AbortSignal): Promise<void> {
    if (this.#started)
      throw new Error(`Expected controller \`${this.name}\` to be run once, got a second run`);
    this.#started = true;
    const { workers, clock, graceMs = 30_000 } = this.#options;
    this.#metrics.workers(workers);
    const ended = this.#work([stop, cut]);
    await firstOf(ended, { signals: [stop, cut] });
    this.#stopping = true;
    this.#queue.shutdown();
    // What waits for a rate limit has nothing under way, and Azure may have asked for hours.
    for (const running of this.#reconciles.values()) this.#cutIfWaiting(running);
    await firstOf(ended, { signals: [cut], clock, ms: graceMs });
    if (this.#reconciles.size > 0) {
      this.#log.warn({ keys: [...this.#reconciles.keys()] }, 'reconciles aborted by stop');
      for (const { abort } of this.#reconciles.values()) abort.abort(stopped());
      await firstOf(ended, { clock, ms: UNWIND_MS });
    }
    if (this.#reconciles.size > 0)
      this.#log.error({ keys: [...this.#reconciles.keys()] }, 'reconciles left behind');
  }

  /** Gives keys to workers until the queue ends, and waits for what they do. */
  async #work(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    const under = new Set<Promise<void>>();
    for (let item = await this.#next(); item; item = await this.#next()) {
      // A key may be handed out in the moment of the stop; after a lost lease not one more reconcile may start.
      if (signals.some((signal) => signal?.aborted)) {
        this.#queue.done(item.key);
        break;
      }
      const run = this.#reconcileItem(item).finally(() => under.delete(run));
      under.add(run);
      await nextTurn();
    }
    await Promise.all(under);
  }

  /** The next key, as soon as there is a worker for it; undefined when the queue ends. */
  async #next(): Promise<QueueItem | undefined> {
    const item = await this.#queue.get(undefined, this.#workers.isOpen);
    if (item) this.#took(item.priority);
    return item;
  }

  #took(priority: Priority): void {
    this.#workers.taken(priority);
    this.#metrics.active(++this.#active);
  }

  /** A reconcile has ended, or waits for a rate limit. Called before `done`, at which the queue gives out the next key. */
  #freed(priority: Priority): void {
    this.#workers.freed(priority);
    this.#metrics.active(--this.#active);
  }

  async #reconcileItem({ key, priority, attempt, turn }: QueueItem): Promise<void> {
    const { clock, reconcile, timeLimitMs = 120_000, outcomeOf = () => undefined, random } = this.#options;
    const reconcileId = randomUUID();
    const log = this.#log.child({ ...splitKey(key), reconcileId });
    const abort = new AbortController();
    const startedAt = clock.monotonic();
    using limit = new TimeLimit(clock, timeLimitMs, () => {
      this.#metrics.timedOut();
      log.warn({ timeLimitMs }, 'reconcile ran over its time limit and was aborted');
      abort.abort(
        new ReconcileCut('TimeLimitExceeded', `the reconcile took longer than ${timeLimitMs / 1_000} s`),
      );
    });
    const waits = new Waits((waiting) => {
      if (waiting) {
        limit.pause();
        this.#freed(priority);
        this.#queue.pause(key);
        if (this.#stopping) abort.abort(stopped());
        // Edited while a call was under way, which no edit ends: what would wait now is for an object of before.
        else if (waits.cuttable) this.#cutIfEdited(key, running);
      } else {
        limit.resume();
        this.#queue.resume(key);
        this.#took(priority);
      }
    });
    const running: Running = { abort, waits, priority, edition: this.#options.editionOf?.(key) };
    this.#reconciles.set(key, running);
    // The worker waits for the real end, also after the limit: freeing it would let a key run twice (docs/kubernetes.md
    // section 4), and would hide that something does not heed its signal.
    const request = { key, priority, attempt, reconcileId, signal: abort.signal, log, turn, waits };
    const ending = await endingOf(reconcile, request, outcomeOf);
    const after = { key, priority, queue: this.#queue, metrics: this.#metrics, log, random };
    const result = afterReconcile(ending, after);
    const paused = waits.waiting;
    waits.end();
    // What it left waiting is not wanted any more.
    if (paused) abort.abort(stopped());
    else this.#freed(priority);
    this.#reconciles.delete(key);
    this.#metrics.finished(result, clock.monotonic() - startedAt);
    this.#queue.done(key);
  }

  #cutIfEdited(key: string, { abort, edition }: Running): void {
    if (this.#options.editionOf?.(key) === edition) return;
    abort.abort(new ReconcileCut('Superseded', 'the object was edited'));
  }

  #cutIfWaiting({ abort, waits }: Running): void {
    if (waits.waiting) abort.abort(stopped());
  }

  #classify(key: string, proposed: Priority): Priority {
    try {
      return this.#options.classify?.(key, proposed) ?? proposed;
    } catch (error) {
      // A wrong priority only delays the key; a key that is lost is not reconciled before the next resync.
      this.#log.error({ ...splitKey(key), error }, 'class of a key could not be judged');
      return proposed;
    }
  }
}

function stopped(): ReconcileCut {
  return new ReconcileCut('Stopping', 'azid is stopping');
}
