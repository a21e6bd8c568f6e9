import type { EventSource } from '../../api/event-source.ts';
import { keyOf, type ObjectKey } from '../../kube/types.ts';
import type { Arrivals, SubscriptionArrivals } from './subscription-arrivals.ts';

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
