/** Which Azure subscriptions in use have events, and by which EventSource. */
import type { EventSource } from '../api/event-source.ts';
import { keyOf, type ObjectKey } from '../kube/types.ts';
import { Emitter, type Source } from '../runtime/controller/watch.ts';
import type { Clock } from '../runtime/time/clock.ts';

/** The events of one Azure subscription, as this process received them. Times are wall ms. */
interface Arrivals {
  /** Lower-cased. */
  readonly id: string;
  /** When the last one came by the source that was asked for. */
  readonly lastEventAt?: number;
  /** azid wrote in the subscription then, and no event of it came since, by any source. */
  readonly unansweredSince?: number;
  /** One came to this process, by any source. */
  readonly isHeard: boolean;
}

interface SubscriptionArrivalsOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Of all others nothing is kept: a sender to a queue may name any number of subscriptions. */
  readonly inUse: () => readonly string[];
}

/** The event of a write may come before its answer: one that came so shortly before the answer shows the same. */
const ANSWERED_BEFORE_MS = 60_000;

/** No topic announces what becomes of credentials, as far as is known (docs/guides/events.md). */
const UNANNOUNCED = /\/federatedIdentityCredentials\//i;

/**
 * Whether events come of each Azure subscription in use. That azid wrote in one proves that Azure had something to announce; so long
 * as it did not, silence proves nothing. Any event of the subscription shows that it delivers, not only that of the write: an event
 * subscription may leave out what its owner does not want.
 */
export class SubscriptionArrivals {
  readonly #options: SubscriptionArrivalsOptions;
  /** By subscription, then by source. */
  readonly #events = new Map<string, Map<ObjectKey, number>>();
  /** By subscription: when one came by any source, monotonic ms. */
  readonly #heardAt = new Map<string, number>();
  readonly #unanswered = new Map<string, number>();
  readonly #expected = new Emitter<string>();

  constructor(options: SubscriptionArrivalsOptions) {
    this.#options = options;
  }

  /** From now on an event of the subscription is expected. */
  get expected(): Source<string> {
    return this.#expected;
  }

  /** Azure took a write of azid's. @param id what was written */
  wrote(id: string): void {
    const subscription = subscriptionIn(id);
    if (subscription === undefined || UNANNOUNCED.test(id) || this.#unanswered.has(subscription)) return;
    const { clock } = this.#options;
    const heardAt = this.#heardAt.get(subscription) ?? Number.NEGATIVE_INFINITY;
    if (clock.monotonic() - heardAt < ANSWERED_BEFORE_MS) return;
    this.#unanswered.set(subscription, clock.now());
    this.#expected.emit(subscription);
  }

  /** Events of these subscriptions came by the source. */
  came(source: ObjectKey, subscriptions: Iterable<string>): void {
    const { clock } = this.#options;
    const inUse = new Set(this.#options.inUse());
    for (const each of subscriptions) {
      if (!inUse.has(each)) continue;
      this.#unanswered.delete(each);
      this.#heardAt.set(each, clock.monotonic());
      const bySource = this.#events.get(each) ?? new Map<ObjectKey, number>();
      this.#events.set(each, bySource.set(source, clock.now()));
    }
  }

  /** Of each subscription in use. */
  of(source: ObjectKey): readonly Arrivals[] {
    return this.#options.inUse().map((id) => {
      const lastEventAt = this.#events.get(id)?.get(source);
      const unansweredSince = this.#unanswered.get(id);
      return {
        id,
        ...(lastEventAt !== undefined && { lastEventAt }),
        ...(unansweredSince !== undefined && { unansweredSince }),
        isHeard: this.#heardAt.has(id),
      };
    });
  }

  /** The source is gone. */
  forget(source: ObjectKey): void {
    for (const bySource of this.#events.values()) bySource.delete(source);
  }
}

/** The subscription that an ARM id lies in, lower-cased; none above subscriptions. Takes any text. */
export function subscriptionIn(id: string): string | undefined {
  return /^\/subscriptions\/([^/]{1,64})(?:\/|$)/i.exec(id)?.[1]?.toLowerCase();
}

/** How the events of one subscription in use come by one EventSource. */
export interface ObservedSubscription extends Arrivals {
  /** Another EventSource brought its last one. */
  readonly isOfAnother: boolean;
}

/**
 * The subscriptions in use, as one of the sources brings them. Each is expected by the source that brought it last, in this process or,
 * by its status, one before; by all sources while none ever did.
 */
export function subscriptionsBy(
  key: ObjectKey,
  sources: readonly EventSource[],
  arrivals: SubscriptionArrivals,
): readonly ObservedSubscription[] {
  const others = sources.filter((source) => keyOf(source) !== key && !source.spec.suspend);
  const own = sources.find((source) => keyOf(source) === key);
  const ofOthers = others.map((source) => ({ source, all: arrivals.of(keyOf(source)) }));
  return arrivals.of(key).map((each, at) => {
    const last = lastOf(own, each);
    return {
      ...each,
      ...(last > 0 && { lastEventAt: last }),
      isOfAnother: ofOthers.some(({ source, all }) => {
        const theirs = all[at];
        return theirs !== undefined && lastOf(source, theirs) > last;
      }),
    };
  });
}

function lastOf(source: EventSource | undefined, { id, lastEventAt = 0 }: Arrivals): number {
  const shown = source?.status?.subscriptions?.find((each) => each.id === id)?.lastEventTime;
  const at = Date.parse(shown ?? '');
  return Math.max(lastEventAt, Number.isNaN(at) ? 0 : at);
}
