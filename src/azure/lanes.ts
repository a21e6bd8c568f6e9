/**
 * Every call to Azure goes through here: slow enough for Azure's buckets, edits first, and no earlier than a 429 said
 * (design.md section 5).
 *
 * A call needs a token of each bucket it counts in, and takes all at once or none. p-queue counts what runs; the order
 * is decided here and a call enters p-queue only when it can start at once, because p-queue's priorities never age, its
 * rate limit stands on the wall clock, and a call that held a slot while it waited for a token would keep out an edit.
 */
import PQueue from 'p-queue';
import type { Clock } from '../runtime/clock.ts';
import { PRIORITIES, type Priority } from '../runtime/outcome.ts';
import { classify } from './classify.ts';
import { AzureError, LOCAL_CODES } from './errors.ts';
import { type Lane, Stream, type Waiter } from './lane.ts';
import { AZURE_LIMITS, armClass, bucketOfRate, type CallKind, type Limits, scaled } from './limits.ts';
import { armKey } from './resource-id.ts';
import { type BucketSize, TokenBucket } from './token-bucket.ts';

export interface LaneRequest {
  readonly tenantId: string;
  /** Absent for calls at tenant or management-group scope. */
  readonly subscriptionId?: string;
  /** Names the caller: each has its own buckets at Resource Manager. Not a secret. */
  readonly credential: string;
  /** Where the provider counts per resource: an ARM id, any spelling. */
  readonly resourceId?: string;
  /**
   * Calls of one key never run at the same time, whatever their lane: Azure refuses a second write beneath one identity
   * (azure.md section 4). Those that wait for it take no token and no slot, and start by priority.
   */
  readonly exclusive?: string;
  readonly kind: CallKind;
  /** Resource provider namespace, e.g. `Microsoft.ManagedIdentity`. */
  readonly provider: string;
  readonly priority: Priority;
  /** A lane that a 429 closed for longer than this, ms, refuses the call at once. Absent: it waits as long as it takes. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LaneMetrics {
  /** A call was let through after waiting this long. */
  waited(seconds: number, labels: { kind: CallKind; priority: Priority }): void;
  /** Azure answered 429; the lane waits this long. */
  throttled(seconds: number, labels: { subscriptionId: string; kind: CallKind }): void;
}

export interface LanesOptions {
  readonly clock: Clock;
  /** Defaults to Azure's figures. */
  readonly limits?: Limits;
  readonly metrics?: LaneMetrics;
}

/** After nine tokens given by urgency the tenth goes to the call that waited longest. */
const TURNS_BY_URGENCY = 9;
/** Above this many buckets of single resources the full ones are forgotten: they say nothing. */
const MAX_RESOURCE_BUCKETS = 20_000;
const URGENT: readonly Priority[] = PRIORITIES.filter((priority) => priority !== 'resync');

export class Lanes {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #metrics: LaneMetrics | undefined;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #resources = new Map<string, TokenBucket>();
  readonly #lanes = new Map<string, Lane>();
  readonly #streams = new Map<string, Stream>();
  /** Keys of exclusive calls that run now. */
  readonly #held = new Set<string>();
  #order = 0;
  #turns = 0;
  #timer: Disposable | undefined;

  constructor(options: LanesOptions) {
    this.#clock = options.clock;
    this.#limits = options.limits ?? AZURE_LIMITS;
    this.#metrics = options.metrics;
  }

  /**
   * Runs `call` as soon as its lane allows. Rejects with what `call` throws, with an `AzureError` of code `Aborted` if
   * the signal fires while it waits, or with one of code `TooManyRequests` and the time left if a 429 closed the lane for
   * longer than `patienceMs`; a call under way sees the signal itself.
   */
  run<T>(request: LaneRequest, call: () => Promise<T>): Promise<T> {
    const stream = this.#stream(request);
    return new Promise<T>((resolve, reject) => {
      const { signal } = request;
      if (signal?.aborted) return reject(givenUp());
      const closedMs = stream.lane.notBefore - this.#clock.monotonic();
      const { patienceMs } = request;
      if (patienceMs !== undefined && closedMs > patienceMs) return reject(closed(closedMs));
      const resource = this.#resourceBucket(request);
      const onAbort = () => {
        if (stream.remove(waiter)) reject(givenUp());
      };
      const waiter: Waiter = {
        priority: request.priority,
        order: this.#order++,
        since: this.#clock.monotonic(),
        ...(resource && { resource }),
        ...(patienceMs !== undefined && { patienceMs }),
        refuse: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
        ...(request.exclusive !== undefined && { exclusive: request.exclusive }),
        start: async () => {
          signal?.removeEventListener('abort', onAbort);
          const { kind, priority } = request;
          try {
            this.#metrics?.waited((this.#clock.monotonic() - waiter.since) / 1000, { kind, priority });
            resolve(await call());
          } catch (error) {
            this.#obey(error, stream.lane, request);
            reject(error);
          }
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      stream.add(waiter);
      this.#pump();
    });
  }

  /** Calls waiting and running now, for gauges and tests. */
  stats(): { waiting: Readonly<Record<Priority, number>>; running: number } {
    const waiting = { edit: 0, event: 0, resync: 0 };
    for (const stream of this.#streams.values())
      for (const priority of PRIORITIES) waiting[priority] += stream.count(priority);
    let running = 0;
    for (const lane of this.#lanes.values()) running += lane.running.pending;
    return { waiting, running };
  }

  #obey(error: unknown, lane: Lane, { kind }: LaneRequest): void {
    const found = classify(error, { nowMs: this.#clock.now() });
    if (found.kind !== 'throttled') return;
    lane.notBefore = Math.max(lane.notBefore, this.#clock.monotonic() + found.retryAfterMs);
    lane.bucket.drain(lane.notBefore);
    const closedMs = lane.notBefore - this.#clock.monotonic();
    for (const stream of this.#streams.values())
      if (stream.lane === lane)
        for (const waiter of stream.takeImpatient(closedMs)) waiter.refuse(closed(closedMs));
    this.#metrics?.throttled(found.retryAfterMs / 1000, { subscriptionId: lane.subscriptionId, kind });
  }

  /** Starts what can start and arms one timer for what cannot yet. */
  #pump(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { stream, waiter } = next;
      stream.remove(waiter);
      for (const bucket of stream.buckets) bucket.take();
      waiter.resource?.take();
      const { exclusive } = waiter;
      if (exclusive !== undefined) this.#held.add(exclusive);
      // `start` never rejects; the end of a call may free a slot.
      void stream.lane.running
        .add(() => waiter.start())
        .then(() => {
          if (exclusive !== undefined) this.#held.delete(exclusive);
          this.#pump();
        });
    }
    this.#arm();
  }

  #next(): { stream: Stream; waiter: Waiter } | undefined {
    const now = this.#clock.monotonic();
    const owed = this.#turns >= TURNS_BY_URGENCY;
    let best: { stream: Stream; waiter: Waiter } | undefined;
    let longest: { stream: Stream; waiter: Waiter } | undefined;
    for (const stream of this.#streams.values()) {
      const allowed = this.#allowed(stream.lane);
      if (stream.empty || allowed.length === 0 || stream.readyInMs(now) > 0) continue;
      const old = owed ? stream.oldest(now - this.#limits.longWaitMs, allowed) : undefined;
      if (old && (!longest || old.order < longest.waiter.order)) longest = { stream, waiter: old };
      const waiter = stream.first(allowed);
      if (waiter && (!best || before(waiter, best.waiter))) best = { stream, waiter };
    }
    const chosen = longest ?? best;
    // A turn that is owed stays owed until somebody who waited can take it.
    if (chosen) this.#turns = longest ? 0 : this.#turns + 1;
    return chosen;
  }

  /** The classes that have a free slot in the lane. */
  #allowed(lane: Lane): readonly Priority[] {
    const free = this.#limits.concurrency - lane.running.pending - lane.running.size;
    if (free <= 0) return [];
    return free > this.#limits.reserved ? PRIORITIES : URGENT;
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let ms = Number.POSITIVE_INFINITY;
    for (const stream of this.#streams.values()) {
      const allowed = this.#allowed(stream.lane);
      if (stream.empty || allowed.length === 0) continue; // The end of a running call pumps.
      ms = Math.min(ms, stream.readyInMs(now) || stream.resourceReadyInMs(allowed));
    }
    if (ms !== Number.POSITIVE_INFINITY) this.#timer = this.#clock.timer(Math.max(1, ms), () => this.#pump());
  }

  #stream(request: LaneRequest): Stream {
    const provider = request.provider.toLowerCase();
    const subscription = request.subscriptionId?.toLowerCase() ?? '';
    const tenant = request.tenantId.toLowerCase();
    const caller = `${tenant} ${request.credential}`;
    const kind = armClass(request.kind);
    const key = `${caller} ${subscription} ${provider} ${request.kind}`;
    const known = this.#streams.get(key);
    if (known) return known;
    const size = scaled(this.#limits.arm[kind], this.#limits.share);
    const lane = this.#lane(`${caller} ${subscription} ${kind}`, subscription, size);
    const buckets = [lane.bucket];
    const rates = this.#limits.providers[provider]?.[request.kind];
    if (rates) {
      const share = this.#limits.share;
      buckets.push(this.#bucket(`${provider} ${tenant} ${request.kind}`, bucketOfRate(rates.tenant, share)));
      if (subscription)
        buckets.push(
          this.#bucket(
            `${provider} ${subscription} ${request.kind}`,
            bucketOfRate(rates.subscription, share),
          ),
        );
    }
    const stream = new Stream(lane, buckets, this.#held);
    this.#streams.set(key, stream);
    return stream;
  }

  #lane(key: string, subscriptionId: string, size: BucketSize): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      const running = new PQueue({ concurrency: this.#limits.concurrency });
      lane = { subscriptionId, running, bucket: new TokenBucket(size, this.#clock), notBefore: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #bucket(key: string, size: BucketSize): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new TokenBucket(size, this.#clock);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  #resourceBucket({ provider, kind, resourceId }: LaneRequest): TokenBucket | undefined {
    const rates = this.#limits.providers[provider.toLowerCase()]?.[kind];
    if (!rates || resourceId === undefined) return undefined;
    const key = `${kind} ${armKey(resourceId)}`;
    let bucket = this.#resources.get(key);
    if (!bucket) {
      if (this.#resources.size >= MAX_RESOURCE_BUCKETS)
        for (const [name, each] of this.#resources) if (each.full) this.#resources.delete(name);
      bucket = new TokenBucket(bucketOfRate(rates.resource, this.#limits.share), this.#clock);
      this.#resources.set(key, bucket);
    }
    return bucket;
  }
}

function before(left: Waiter, right: Waiter): boolean {
  const byClass = PRIORITIES.indexOf(left.priority) - PRIORITIES.indexOf(right.priority);
  return byClass === 0 ? left.order < right.order : byClass < 0;
}

function closed(forMs: number): AzureError {
  return new AzureError({
    code: 'TooManyRequests',
    message: `calls of this kind to this subscription wait ${Math.ceil(forMs / 1000)} s, as Azure asked`,
    retryAfterMs: forMs,
  });
}

function givenUp(): AzureError {
  return new AzureError({
    code: LOCAL_CODES.aborted,
    message: 'given up while the call waited for its turn',
  });
}
