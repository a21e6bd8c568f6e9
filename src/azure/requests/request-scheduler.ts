/**
 * Every call to Azure goes through here: slow enough for Azure's buckets, edits first, and no earlier than a 429
 * allows (docs/architecture.md section 5). Inside a class namespaces take turns (docs/guarantees.md G24).
 *
 * A call needs a slot of its rate-limit scope and a token of each bucket it counts in, and takes all at once or none:
 * a call that held a slot while it waited for a token would keep out an edit.
 */

import { PRIORITIES, type Priority } from '../../runtime/outcome.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import { classify } from '../arm/classify.ts';
import { AZURE_LIMITS, type CallKind, type Limits } from '../limits.ts';
import { ClassOrder } from './order.ts';
import type { RateLimitScope, RequestQueue } from './rate-limit-scope.ts';
import { closed, decideAgain, givenUp, type ScheduledRequest, type Waiter } from './request.ts';
import { type Reservation, Reservations } from './reservations.ts';
import { Scopes } from './scopes.ts';
import { LISTS } from './slots.ts';

interface RequestMetrics {
  /** A call was let through after waiting this long. */
  waited(seconds: number, labels: { kind: CallKind; priority: Priority }): void;
  /** Azure answered 429; the scope waits this long. */
  throttled(seconds: number, labels: { subscriptionId: string; kind: CallKind }): void;
}

interface RequestSchedulerOptions {
  readonly clock: Clock;
  /** Defaults to Azure's figures. */
  readonly limits?: Limits;
  readonly metrics?: RequestMetrics;
}

/** After nine tokens given by urgency the tenth goes to the call that waited longest. */
const TURNS_BY_URGENCY = 9;

interface Next {
  readonly queue: RequestQueue;
  readonly waiter: Waiter;
}

export class RequestScheduler {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #metrics: RequestMetrics | undefined;
  readonly #scopes: Scopes;
  /** Whose turn it is between scopes: a provider's buckets for the whole tenant are shared by all of them. */
  readonly #between = new ClassOrder();
  readonly #reservations = new Reservations(
    (each) => this.#release(each),
    () => this.#pump(),
  );
  /** Keys of exclusive calls that run now. */
  readonly #held = new Set<string>();
  #order = 0;
  #turns = 0;
  #timer: Disposable | undefined;

  constructor(options: RequestSchedulerOptions) {
    this.#clock = options.clock;
    this.#limits = options.limits ?? AZURE_LIMITS;
    this.#metrics = options.metrics;
    this.#scopes = new Scopes(this.#limits, this.#clock, this.#held, () => this.#pump());
  }

  /**
   * Runs `call` as soon as its scope allows. Rejects with what `call` throws, with an `AzureError` of code `Aborted` if
   * the signal fires while it waits, or with one of code `TooManyRequests` and the time left if a 429 closed the scope for
   * longer than `patienceMs`; a call under way has the signal itself.
   */
  run<T>(request: ScheduledRequest, call: () => Promise<T>): Promise<T> {
    return this.#enter(request, call, false);
  }

  #enter<T>(request: ScheduledRequest, call: () => Promise<T>, forPlace: boolean): Promise<T> {
    const queue = this.#scopes.queueOf(request);
    const { scope } = queue;
    return new Promise<T>((resolve, reject) => {
      const { signal, waits, patienceMs, exclusive, kind, priority, turn = LISTS } = request;
      if (signal?.aborted) return reject(givenUp());
      const closedMs = scope.notBefore - this.#clock.monotonic();
      if (patienceMs !== undefined && closedMs > patienceMs) return reject(closed(closedMs));
      const resource = this.#scopes.bucketOfResource(request);
      let waiting: Disposable | undefined;
      const leave = () => {
        signal?.removeEventListener('abort', onAbort);
        waiting?.[Symbol.dispose]();
      };
      const refuse: Waiter['refuse'] = (error) => {
        leave();
        reject(error);
      };
      const onAbort = () => {
        if (this.#leave(queue, waiter)) refuse(givenUp());
      };
      const waiter: Waiter = {
        priority,
        turn,
        order: this.#order++,
        since: this.#clock.monotonic(),
        ...(resource && { resource }),
        ...(patienceMs !== undefined && { patienceMs }),
        ...(exclusive !== undefined && { exclusive }),
        ...(waits && request.isStale && { isStale: request.isStale }),
        ...(forPlace && { forPlace }),
        refuse,
        reserve: () => {
          const at = this.#clock.monotonic();
          if (waits) {
            queue.places.leave(waits);
            this.#reservations.keep(waits, { queue, resource, exclusive, at, place: waits.keepPlace() });
          }
          refuse(decideAgain());
        },
        start: async () => {
          leave();
          if (waits && !forPlace) queue.places.leave(waits);
          try {
            this.#metrics?.waited((this.#clock.monotonic() - waiter.since) / 1000, { kind, priority });
            resolve(await call());
          } catch (error) {
            this.#obey(error, scope, request);
            reject(error);
          }
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      if (waits && !forPlace && this.#reservations.take(waits, { queue, resource, exclusive })) {
        if (waiter.isStale?.()) waiter.reserve();
        else this.#begin(scope, waiter);
        return;
      }
      if (waits && !forPlace) queue.places.keep(waits);
      queue.add(waiter);
      this.#between.join(waiter);
      this.#pump();
      if (!queue.has(waiter)) return;
      waiting = waits?.begin({ cuttable: !waiter.isStale && !forPlace });
      // The callback of `begin` may have aborted the call, which then waits no longer.
      if (!queue.has(waiter)) leave();
    });
  }

  /**
   * Lets a reconcile through to read what such a write of it will rest on: at once if the write can follow soon (`places.ts`). If not it
   * waits in the line of the write, and this rejects with the code `DecideAgain` at its turn, or as `run` does. So what a write rests on is read
   * after the wait, and once. It ends when the write begins, with the reconcile, or when what is read takes too long.
   */
  async takePlace(request: ScheduledRequest): Promise<void> {
    const { waits, priority, turn = LISTS } = request;
    const { places } = this.#scopes.queueOf(request);
    if (waits === undefined || places.has(waits)) return;
    const waitsBefore = waits.count;
    const { exclusive: _, isStale: __, resourceId: ___, ...rest } = request;
    await this.#enter(rest, async () => places.hold(waits, priority, turn), true);
    if (waits.count !== waitsBefore) throw decideAgain();
  }

  /** Calls waiting and running now, for gauges and tests. */
  stats(): { waiting: Readonly<Record<Priority, number>>; running: number } {
    const waiting = { edit: 0, event: 0, resync: 0 };
    let running = 0;
    for (const { slots, queues } of this.#scopes.all) {
      running += slots.running;
      for (const queue of queues)
        for (const priority of PRIORITIES) waiting[priority] += queue.count(priority);
    }
    return { waiting, running };
  }

  #obey(error: unknown, scope: RateLimitScope, { kind }: ScheduledRequest): void {
    const found = classify(error, { nowMs: this.#clock.now() });
    if (found.kind !== 'throttled') return;
    scope.closeUntil(this.#clock.monotonic() + found.retryAfterMs);
    const closedMs = scope.notBefore - this.#clock.monotonic();
    for (const queue of scope.queues)
      for (const waiter of queue.takeImpatient(closedMs)) {
        this.#between.leave(waiter);
        waiter.refuse(closed(closedMs));
      }
    this.#metrics?.throttled(found.retryAfterMs / 1000, { subscriptionId: scope.subscriptionId, kind });
  }

  /** False if it does not wait any more. */
  #leave(queue: RequestQueue, waiter: Waiter): boolean {
    if (!queue.remove(waiter)) return false;
    this.#between.leave(waiter);
    return true;
  }

  /** Starts what can start and arms one timer for what cannot yet. */
  #pump(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { queue, waiter } = next;
      queue.scope.order.had(waiter);
      this.#between.had(waiter);
      this.#leave(queue, waiter);
      if (waiter.forPlace) {
        void waiter.start();
        continue;
      }
      for (const bucket of queue.buckets) bucket.take();
      waiter.resource?.take();
      if (waiter.exclusive !== undefined) this.#held.add(waiter.exclusive);
      if (waiter.isStale?.()) waiter.reserve();
      else this.#begin(queue.scope, waiter);
    }
    this.#arm();
  }

  /** Begins a call whose tokens are taken. */
  #begin({ slots }: RateLimitScope, { turn, exclusive, start }: Waiter): void {
    // The end of a call may free a slot.
    void slots.run(turn, start).then(() => {
      if (exclusive !== undefined) this.#held.delete(exclusive);
      this.#pump();
    });
  }

  #release({ queue, resource, exclusive, at }: Reservation): void {
    if (at >= queue.scope.notBefore) for (const bucket of queue.buckets) bucket.giveBack();
    resource?.giveBack();
    if (exclusive !== undefined) this.#held.delete(exclusive);
  }

  #next(): Next | undefined {
    const now = this.#clock.monotonic();
    const owed = this.#turns >= TURNS_BY_URGENCY;
    let best: Next | undefined;
    let longest: Next | undefined;
    for (const { slots, queues, order } of this.#scopes.all) {
      const { open } = slots;
      let first: Next | undefined;
      let oldest: Next | undefined;
      for (const queue of queues) {
        if (queue.empty) continue;
        const old = owed ? queue.oldest(now, now - this.#limits.longWaitMs, open) : undefined;
        if (old && (!oldest || order.longBefore(old, oldest.waiter))) oldest = { queue, waiter: old };
        const waiter = queue.first(now, open);
        if (waiter && (!first || order.before(waiter, first.waiter))) first = { queue, waiter };
      }
      if (oldest && (!longest || this.#between.longBefore(oldest.waiter, longest.waiter))) longest = oldest;
      if (first && (!best || this.#between.before(first.waiter, best.waiter))) best = first;
    }
    const chosen = longest ?? best;
    // A turn that is owed stays owed until a call that waited can take it; a place takes no token, and is no turn.
    if (chosen && !chosen.waiter.forPlace) this.#turns = longest ? 0 : this.#turns + 1;
    return chosen;
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let ms = Number.POSITIVE_INFINITY;
    for (const { slots, queues } of this.#scopes.all) {
      const { open } = slots;
      if (open.classes.length === 0) continue; // The end of a running call pumps.
      for (const queue of queues)
        if (!queue.empty) ms = Math.min(ms, queue.readyInMs(now) || queue.resourceReadyInMs(open));
    }
    if (ms !== Number.POSITIVE_INFINITY) this.#timer = this.#clock.timer(Math.max(1, ms), () => this.#pump());
  }
}
