import { randomUUID } from 'node:crypto';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { afterVisit } from './aftermath.ts';
import type { Random } from './backoff.ts';
import type { Clock } from './clock.ts';
import { firstOf } from './first-of.ts';
import { splitKey } from './key.ts';
import type { Log } from './log.ts';
import { type ControllerMetrics, noControllerMetrics } from './metrics.ts';
import type { Outcome, Priority } from './outcome.ts';
import type { QueueItem, WorkQueue } from './queue.ts';
import { endingOf, type Reconcile, VisitCut } from './visit.ts';

export interface ControllerOptions {
  /** In logs and metrics: the kind, lower case. */
  readonly name: string;
  /** The controller's own; `run` shuts it down at the end. */
  readonly queue: WorkQueue;
  readonly clock: Clock;
  /** How many keys are visited at the same time, from 1 up. */
  readonly workers: number;
  readonly reconcile: Reconcile;
  /** Judges the class by the object, whatever woke it (design.md section 5). Defaults to what was proposed. */
  readonly classify?: (key: string, proposed: Priority) => Priority;
  /** What a known error means; undefined = unexpected, counted as a panic. Defaults to knowing none. */
  readonly outcomeOf?: (error: unknown) => Outcome | undefined;
  /** After this long the visit's signal aborts. Defaults to 2 min: what takes longer in Azure holds no worker. */
  readonly timeLimitMs?: number;
  /** How long running visits may go on after the stop. Defaults to 30 s (kubernetes.md section 5). */
  readonly graceMs?: number;
  /** How long aborted visits are then waited for. Defaults to 5 s. */
  readonly unwindMs?: number;
  readonly metrics?: ControllerMetrics;
  readonly log: Log;
  /** For the jitter of rechecks. */
  readonly random: Random;
}

/** Takes keys from a queue and visits them with a reconciler, `workers` at a time. */
export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #metrics: ControllerMetrics;
  readonly #log: Log;
  readonly #visits = new Map<string, AbortController>();
  #started = false;

  constructor(options: ControllerOptions) {
    if (!Number.isInteger(options.workers) || options.workers < 1) {
      throw new RangeError(`Expected \`workers\` to be an integer from 1 up, got \`${options.workers}\``);
    }
    this.name = options.name;
    this.#options = options;
    this.#queue = options.queue;
    this.#metrics = options.metrics ?? noControllerMetrics;
    this.#log = options.log.child({ controller: options.name });
  }

  /** Queues a key, in the class its object deserves. Safe before `run` and after it. */
  enqueue(key: string, priority: Priority, afterMs?: number): void {
    this.#queue.add(key, this.#classify(key, priority), afterMs);
  }

  /** Visits running now. Above 0 after `run` has ended: that many did not heed their signal and were left behind. */
  get running(): number {
    return this.#visits.size;
  }

  /** True if nothing runs and nothing is ready; what is due later does not count. */
  idle(): boolean {
    return this.#visits.size === 0 && this.#queue.idle();
  }

  /**
   * Works until `stop` aborts; then takes no further key, lets running visits end for `graceMs`, aborts their signals
   * and waits `unwindMs` more. `cut` (a lost lease) aborts them at once. Never rejects for what a visit did.
   */
  async run(stop: AbortSignal, cut?: AbortSignal): Promise<void> {
    if (this.#started)
      throw new Error(`Expected controller \`${this.name}\` to be run once, got a second run`);
    this.#started = true;
    const { workers, clock, graceMs = 30_000, unwindMs = 5_000 } = this.#options;
    this.#metrics.workers(workers);
    const ended = Promise.all(Array.from({ length: workers }, () => this.#work([stop, cut])));
    await firstOf(ended, { signals: [stop, cut] });
    this.#queue.shutdown();
    await firstOf(ended, { signals: [cut], clock, ms: graceMs });
    if (this.#visits.size > 0) {
      this.#log.warn({ keys: [...this.#visits.keys()] }, 'visits aborted by stop');
      const reason = new VisitCut('Stopping', 'azid is stopping');
      for (const visit of this.#visits.values()) visit.abort(reason);
      await firstOf(ended, { clock, ms: unwindMs });
    }
    if (this.#visits.size > 0) this.#log.error({ keys: [...this.#visits.keys()] }, 'visits left behind');
  }

  async #work(signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    for (let item = await this.#queue.get(); item; item = await this.#queue.get()) {
      // A key may be handed out in the moment of the stop; after a lost lease not one more visit may start.
      if (signals.some((signal) => signal?.aborted)) return this.#queue.done(item.key);
      await this.#visit(item);
      // Visits that find nothing to do make no I/O: without this a long backlog of them would run as one chain of
      // microtasks, and neither probes nor the lease renewal would get a turn.
      await yieldToLoop();
    }
  }

  async #visit({ key, priority, attempt }: QueueItem): Promise<void> {
    const { clock, reconcile, timeLimitMs = 120_000, outcomeOf = () => undefined, random } = this.#options;
    const reconcileId = randomUUID();
    const log = this.#log.child({ ...splitKey(key), reconcileId });
    const visit = new AbortController();
    const startedAt = clock.monotonic();
    using _limit = clock.timer(timeLimitMs, () => {
      this.#metrics.timedOut();
      log.warn({ timeLimitMs }, 'visit ran over its time limit and was aborted');
      visit.abort(new VisitCut('TimeLimitExceeded', `the visit took longer than ${timeLimitMs / 1_000} s`));
    });
    this.#visits.set(key, visit);
    this.#metrics.active(this.#visits.size);
    // The worker waits for the real end, also after the limit: freeing it would let a key run twice (kubernetes.md
    // section 9), and would hide that something does not heed its signal.
    const ending = await endingOf(
      reconcile,
      { key, priority, attempt, reconcileId, signal: visit.signal, log },
      outcomeOf,
    );
    const after = { key, priority, queue: this.#queue, metrics: this.#metrics, log, random };
    const result = afterVisit(ending, after);
    this.#visits.delete(key);
    this.#metrics.active(this.#visits.size);
    this.#metrics.finished(result, clock.monotonic() - startedAt);
    this.#queue.done(key);
  }

  #classify(key: string, proposed: Priority): Priority {
    try {
      return this.#options.classify?.(key, proposed) ?? proposed;
    } catch (error) {
      // The class is a matter of order; losing the key would be a matter of truth.
      this.#log.error({ ...splitKey(key), error }, 'class of a key could not be judged');
      return proposed;
    }
  }
}
