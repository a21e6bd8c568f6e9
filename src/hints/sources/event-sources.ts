import type { EventSource } from '../../api/event-source.ts';
import type { Store } from '../../kube/informer/store.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/queue/backoff.ts';
import type { Clock } from '../../runtime/time/clock.ts';
import type { Tracer } from '../../runtime/trace.ts';
import type { HintSink } from '../hint.ts';
import type { EventMetrics, SourceSample } from '../metrics.ts';
import { QueueConsumer } from '../service-bus/queue-consumer.ts';
import type { BrokerAccess, QueueAddress } from '../service-bus/queue-link.ts';
import type { QueueState } from '../service-bus/queue-state.ts';
import {
  type ObservedSubscription,
  type SubscriptionArrivals,
  subscriptionsBy,
} from '../subscription-arrivals.ts';
import { type Assignment, assignmentsOf } from './assignments.ts';

interface EventSourcesOptions {
  readonly access: BrokerAccess;
  /** What hosts of namespaces end in, in this cloud. */
  readonly suffix: string;
  readonly sink: HintSink;
  readonly metrics: EventMetrics;
  readonly arrivals: SubscriptionArrivals;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tracer?: Tracer | undefined;
  /** Whether this process receives for it. Absent: for all. */
  readonly isMine?: ((key: ObjectKey) => boolean) | undefined;
}

/** The state of one source. */
export interface ObservedSource {
  readonly assignment: Assignment;
  /** Of its consumer, while it has one. */
  readonly queue?: QueueState;
  /** Azure subscriptions in use, as its events come of each. With `queue`. */
  readonly subscriptions?: readonly ObservedSubscription[];
}

interface Running {
  readonly uid: string;
  readonly address: QueueAddress;
  readonly consumer: QueueConsumer;
  readonly end: AbortController;
}

/**
 * A consumer for each EventSource that receives, as the objects come, change and go. It belongs to the leader: followers have none.
 * Disposed, all end, what they have in hand given back.
 */
export class EventSources implements AsyncDisposable {
  readonly #options: EventSourcesOptions;
  readonly #running = new Map<ObjectKey, Running>();
  /** Receivers that are stopping and may not have ended yet. */
  readonly #ending = new Set<Promise<void>>();
  #assignments: ReadonlyMap<ObjectKey, Assignment> = new Map();
  #store: Store<EventSource> | undefined;
  readonly #following = new DisposableStack();
  #onChange: (key: ObjectKey, soon: boolean) => void = () => {};

  constructor(options: EventSourcesOptions) {
    this.#options = options;
    options.metrics.sources(() => this.#samples());
  }

  /** Receives for the objects of this store from now on. @param onChange the state of one of them changed */
  follow(store: Store<EventSource>, onChange: (key: ObjectKey, soon: boolean) => void): void {
    this.#store = store;
    this.#onChange = onChange;
    this.#following.use(store.onChange(() => this.#adjust()));
    this.#following.use(
      this.#options.arrivals.expected.onChange(() => {
        for (const key of this.#running.keys()) onChange(key, false);
      }),
    );
    this.#adjust();
    if (store.size === 0)
      this.#options.log.info(
        {},
        'no EventSource: what changes in Azure is found by the Activity Log and by lists alone',
      );
  }

  /** Undefined: no such object. */
  observed(key: ObjectKey): ObservedSource | undefined {
    const assignment = this.#assignments.get(key);
    const running = this.#running.get(key);
    if (!assignment || !running) return assignment && { assignment };
    return { assignment, queue: running.consumer.state, subscriptions: this.#subscriptionsBy(key) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following.dispose();
    for (const key of [...this.#running.keys()]) this.#stop(key);
    await Promise.all(this.#ending);
  }

  #adjust(): void {
    const sources = this.#mine();
    const before = this.#assignments;
    this.#assignments = assignmentsOf(sources, this.#options.suffix);
    for (const key of before.keys())
      if (!this.#assignments.has(key)) {
        this.#stop(key);
        this.#options.arrivals.forget(key);
        void this.#options.metrics.forget(key);
      }
    for (const source of sources) this.#settle(source);
  }

  #settle({ metadata: { uid, name } }: EventSource): void {
    const key = name;
    const assignment = this.#assignments.get(key);
    const running = this.#running.get(key);
    const address = assignment?.type === 'receives' ? assignment.address : undefined;
    if (running && (running.uid !== uid || !address || !isSame(address, running.address))) this.#stop(key);
    if (address && !this.#running.has(key)) this.#start(key, uid, address);
  }

  #start(key: ObjectKey, uid: string, address: QueueAddress): void {
    const { access, sink, metrics, arrivals, clock, random, log, tracer } = this.#options;
    const end = new AbortController();
    const consumer = new QueueConsumer({
      address,
      access,
      sink,
      metrics: metrics.source(key),
      clock,
      random,
      tracer,
      log: log.child({ eventSource: key, queue: `${address.namespace}/${address.queue}` }),
      onChange: (soon) => {
        if (!end.signal.aborted) this.#onChange(key, soon);
      },
      onEvents: (subscriptions) => arrivals.came(key, subscriptions),
    });
    this.#running.set(key, { uid, address, consumer, end });
    const ended = consumer
      .run(end.signal)
      .catch((error) => log.error({ error, eventSource: key }, 'the consumer of a queue ended by a fault'))
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  #stop(key: ObjectKey): void {
    this.#running.get(key)?.end.abort(new Error('nothing is received for it any more'));
    this.#running.delete(key);
  }

  #subscriptionsBy(key: ObjectKey): readonly ObservedSubscription[] {
    return subscriptionsBy(key, this.#mine(), this.#options.arrivals);
  }

  #mine(): readonly EventSource[] {
    const { isMine = () => true } = this.#options;
    return (this.#store?.values() ?? []).filter((source) => isMine(keyOf(source)));
  }

  *#samples(): Generator<SourceSample> {
    const now = this.#options.clock.now();
    for (const source of this.#mine()) {
      const key = keyOf(source);
      const { queue: state, subscriptions = [] } = this.observed(key) ?? {};
      const shown = Date.parse(source.status?.lastEventTime ?? '');
      const last = state?.lastEventAt ?? (Number.isNaN(shown) ? undefined : shown);
      yield {
        source: key,
        state: state?.connection.state ?? 'idle',
        silentMs: silence(last, now),
        subscriptions: subscriptions
          .filter(({ lastEventAt, isOfAnother }) => lastEventAt !== undefined || !isOfAnother)
          .map(({ id, lastEventAt }) => ({ subscription: id, silentMs: silence(lastEventAt, now) })),
      };
    }
  }
}

function silence(last: number | undefined, now: number): number | undefined {
  return last === undefined ? undefined : Math.max(0, now - last);
}

function isSame(left: QueueAddress, right: QueueAddress): boolean {
  return left.namespace === right.namespace && left.queue === right.queue;
}
