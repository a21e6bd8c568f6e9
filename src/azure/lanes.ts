/**
 * Every call to Azure goes through here: slow enough for Azure's buckets, edits first, and no earlier than a 429 said
 * (docs/architecture.md section 5). Inside a class namespaces take turns (docs/guarantees.md G24).
 *
 * A call needs a token of each bucket it counts in, and takes all at once or none. p-queue counts what runs; the order
 * is decided here and a call enters p-queue only when it can start at once, because p-queue's priorities never age, its
 * rate limit stands on the wall clock, and a call that held a slot while it waited for a token would keep out an edit.
 */
import PQueue from 'p-queue';
import type { Clock } from '../runtime/clock.ts';
import { PRIORITIES, type Priority } from '../runtime/outcome.ts';
import type { Waits } from '../runtime/waits.ts';
import { classify } from './classify.ts';
import { AzureError, LOCAL_CODES } from './errors.ts';
import { type Lane, LaneOrder, type Open, Stream, type Waiter } from './lane.ts';
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
   * (docs/azure-facts.md section 4). Those that wait for it take no token and no slot, and start by priority.
   */
  readonly exclusive?: string;
  readonly kind: CallKind;
  /** Resource provider namespace, e.g. `Microsoft.ManagedIdentity`. */
  readonly provider: string;
  readonly priority: Priority;
  /** A lane that a 429 closed for longer than this, ms, refuses the call at once. Absent: it waits as long as it takes. */
  readonly patienceMs?: number | undefined;
  /** The namespace on whose behalf it is made; absent for azid's own lists. */
  readonly turn?: string | undefined;
  /** Told while the call waits. */
  readonly waits?: Waits | undefined;
  /**
   * Asked when a write's turn has come. If what it was decided on is stale the call is refused with the code `DecideAgain`,
   * and its turn is kept for the next call of the same kind to the same resource that the same reconcile makes: nothing is
   * written on a decision that waited too long, and nobody goes to the end of the line for it.
   */
  readonly isStale?: (() => boolean) | undefined;
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
/** A turn that came, kept for whoever must decide again first. */
interface Reservation {
  readonly stream: Stream;
  readonly resource: TokenBucket | undefined;
  readonly exclusive: string | undefined;
  /** While it is kept, no edit ends the reconcile that is to use it. */
  readonly place: Disposable;
  /** Monotonic ms. A 429 since then has taken its tokens: Azure's count is believed, not ours. */
  readonly at: number;
}

const URGENT: readonly Priority[] = PRIORITIES.filter((priority) => priority !== 'resync');

export class Lanes {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #metrics: LaneMetrics | undefined;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #resources = new Map<string, TokenBucket>();
  readonly #lanes = new Map<string, Lane>();
  readonly #streams = new Map<string, Stream>();
  /** Whose turn it is between lanes: a provider's buckets for the whole tenant are shared by all of them. */
  readonly #between = new LaneOrder();
  readonly #reservations = new WeakMap<Waits, Set<Reservation>>();
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
      const { signal, waits, patienceMs, exclusive, kind, priority, turn = '' } = request;
      if (signal?.aborted) return reject(givenUp());
      const closedMs = stream.lane.notBefore - this.#clock.monotonic();
      if (patienceMs !== undefined && closedMs > patienceMs) return reject(closed(closedMs));
      const resource = this.#resourceBucket(request);
      let waiting: Disposable | undefined;
      const leave = () => {
        signal?.removeEventListener('abort', onAbort);
        waiting?.[Symbol.dispose]();
      };
      const refuse = (error: AzureError) => {
        leave();
        reject(error);
      };
      const onAbort = () => {
        if (this.#leave(stream, waiter)) refuse(givenUp());
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
        refuse,
        reserve: () => {
          const at = this.#clock.monotonic();
          if (waits) this.#reserve(waits, { stream, resource, exclusive, at, place: waits.keepPlace() });
          refuse(decideAgain());
        },
        start: async () => {
          leave();
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
      if (waits && this.#takeReservation(waits, { stream, resource, exclusive })) {
        if (waiter.isStale?.()) waiter.reserve();
        else this.#begin(stream, waiter);
        return;
      }
      this.#join(stream, waiter);
      this.#pump();
      if (!stream.has(waiter)) return;
      waiting = waits?.begin({ cuttable: !waiter.isStale });
      // Whoever stops does not wait: told of it, it may have given up already.
      if (!stream.has(waiter)) leave();
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
    for (const stream of lane.streams)
      for (const waiter of stream.takeImpatient(closedMs)) {
        this.#between.leave(waiter);
        waiter.refuse(closed(closedMs));
      }
    this.#metrics?.throttled(found.retryAfterMs / 1000, { subscriptionId: lane.subscriptionId, kind });
  }

  #join(stream: Stream, waiter: Waiter): void {
    stream.add(waiter);
    this.#between.join(waiter);
  }

  /** False if it does not wait any more. */
  #leave(stream: Stream, waiter: Waiter): boolean {
    if (!stream.remove(waiter)) return false;
    this.#between.leave(waiter);
    return true;
  }

  /** Starts what can start and arms one timer for what cannot yet. */
  #pump(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { stream, waiter } = next;
      stream.lane.order.had(waiter);
      this.#between.had(waiter);
      this.#leave(stream, waiter);
      for (const bucket of stream.buckets) bucket.take();
      waiter.resource?.take();
      if (waiter.exclusive !== undefined) this.#held.add(waiter.exclusive);
      if (waiter.isStale?.()) waiter.reserve();
      else this.#begin(stream, waiter);
    }
    this.#arm();
  }

  /** Begins a call whose tokens are taken. */
  #begin({ lane }: Stream, { turn, exclusive, start }: Waiter): void {
    count(lane.runningOf, turn, 1);
    // `start` never rejects; the end of a call may free a slot.
    void lane.running.add(start).then(() => {
      count(lane.runningOf, turn, -1);
      if (exclusive !== undefined) this.#held.delete(exclusive);
      this.#pump();
    });
  }

  #reserve(waits: Waits, reservation: Reservation): void {
    const kept = this.#reservations.get(waits) ?? new Set();
    if (kept.size === 0) waits.atEnd(() => this.#giveBack(kept));
    this.#reservations.set(waits, kept.add(reservation));
  }

  /**
   * The turn kept for this call, if there is one; its tokens are taken already. One that is kept for another call with the same
   * exclusive key would hold this one up.
   */
  #takeReservation(
    waits: Waits,
    { stream, resource, exclusive }: Pick<Reservation, 'stream' | 'resource' | 'exclusive'>,
  ): boolean {
    const kept = this.#reservations.get(waits);
    for (const each of kept ?? []) {
      const isSame = each.stream === stream && each.resource === resource && each.exclusive === exclusive;
      if (!isSame && (exclusive === undefined || each.exclusive !== exclusive)) continue;
      kept?.delete(each);
      each.place[Symbol.dispose]();
      if (isSame && each.at >= stream.lane.notBefore) return true;
      this.#release(each);
    }
    return false;
  }

  /** What was kept and is not wanted any more goes to the next. */
  #giveBack(kept: Set<Reservation>): void {
    for (const each of kept) this.#release(each);
    kept.clear();
    this.#pump();
  }

  #release({ stream, resource, exclusive, at, place }: Reservation): void {
    place[Symbol.dispose]();
    if (at >= stream.lane.notBefore) for (const bucket of stream.buckets) bucket.giveBack();
    resource?.giveBack();
    if (exclusive !== undefined) this.#held.delete(exclusive);
  }

  #next(): { stream: Stream; waiter: Waiter } | undefined {
    const now = this.#clock.monotonic();
    const owed = this.#turns >= TURNS_BY_URGENCY;
    let best: { stream: Stream; waiter: Waiter } | undefined;
    let longest: { stream: Stream; waiter: Waiter } | undefined;
    for (const lane of this.#lanes.values()) {
      const open = this.#open(lane);
      if (open.classes.length === 0) continue;
      let first: { stream: Stream; waiter: Waiter } | undefined;
      let oldest: { stream: Stream; waiter: Waiter } | undefined;
      for (const stream of lane.streams) {
        if (stream.empty || stream.readyInMs(now) > 0) continue;
        const old = owed ? stream.oldest(now - this.#limits.longWaitMs, open) : undefined;
        if (old && (!oldest || lane.order.longBefore(old, oldest.waiter))) oldest = { stream, waiter: old };
        const waiter = stream.first(open);
        if (waiter && (!first || lane.order.before(waiter, first.waiter))) first = { stream, waiter };
      }
      if (oldest && (!longest || this.#between.longBefore(oldest.waiter, longest.waiter))) longest = oldest;
      if (first && (!best || this.#between.before(first.waiter, best.waiter))) best = first;
    }
    const chosen = longest ?? best;
    // A turn that is owed stays owed until somebody who waited can take it.
    if (chosen) this.#turns = longest ? 0 : this.#turns + 1;
    return chosen;
  }

  /**
   * What has a free slot in the lane: the last ones are kept free of resyncs, and of namespaces that have all others, so
   * that slow calls of one hold up nobody else.
   */
  #open(lane: Lane): Open {
    const { concurrency, reserved } = this.#limits;
    const free = concurrency - lane.running.pending - lane.running.size;
    const classes = free <= 0 ? [] : free > reserved ? PRIORITIES : URGENT;
    const most = Math.max(1, concurrency - reserved);
    return { classes, admits: (turn) => turn === '' || (lane.runningOf.get(turn) ?? 0) < most };
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let ms = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      const open = this.#open(lane);
      if (open.classes.length === 0) continue; // The end of a running call pumps.
      for (const stream of lane.streams)
        if (!stream.empty) ms = Math.min(ms, stream.readyInMs(now) || stream.resourceReadyInMs(open));
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
    lane.streams.add(stream);
    return stream;
  }

  #lane(key: string, subscriptionId: string, size: BucketSize): Lane {
    let lane = this.#lanes.get(key);
    if (!lane) {
      const running = new PQueue({ concurrency: this.#limits.concurrency });
      lane = {
        subscriptionId,
        running,
        runningOf: new Map(),
        bucket: new TokenBucket(size, this.#clock),
        streams: new Set(),
        order: new LaneOrder(),
        notBefore: 0,
      };
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

/** Without an entry for what is zero: namespaces come and go. */
function count(counts: Map<string, number>, name: string, change: 1 | -1): void {
  const next = (counts.get(name) ?? 0) + change;
  if (next === 0) counts.delete(name);
  else counts.set(name, next);
}

function decideAgain(): AzureError {
  return new AzureError({
    code: LOCAL_CODES.decideAgain,
    message: 'what the call was decided on has changed while it waited for its turn',
  });
}

function closed(forMs: number): AzureError {
  return new AzureError({
    code: 'TooManyRequests',
    message: `calls of this kind to this subscription wait ${Math.ceil(forMs / 1000)} s, as Azure asked`,
    retryAfterMs: forMs,
    heldBack: true,
  });
}

function givenUp(): AzureError {
  return new AzureError({
    code: LOCAL_CODES.aborted,
    message: 'given up while the call waited for its turn',
  });
}
