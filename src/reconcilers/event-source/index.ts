import { type EventSource, eventSource } from '../../api/event-source.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import { keyOf } from '../../kube/types.ts';
import type { KindDefinition } from '../definition.ts';
import { decide, type SourceStatus } from './decide.ts';
import { REPORTED_EVERY_MS, type SourceFacts } from './facts.ts';
import { store } from './store.ts';
import { watches } from './watches.ts';

/**
 * An EventSource is reported on, not carried out: which queues are received from follows from the objects as they are
 * (`src/hints/sources/`), and the status shows how that goes.
 */
export const eventSourceKind: KindDefinition<
  EventSource & ManagedObject,
  SourceFacts,
  { readonly type: never },
  SourceStatus
> = {
  name: 'eventsource',
  resource: eventSource.resource,
  status: eventSource.status,
  sharded: 'byLabel',
  store,
  watches,
  decide,
  start: ({ eventSources, stores, cloud, clock }, enqueue) => {
    // The queue of keys keeps the earliest of several delays: however many events come, a status is reconciled once a
    // minute.
    eventSources.follow(stores.eventSources, (key, soon) =>
      enqueue(key, 'event', soon ? 0 : REPORTED_EVERY_MS / 5),
    );
    return {
      observe: async (source) => ({ now: clock.now(), cloud, ...eventSources.observed(keyOf(source)) }),
      perform: async () => ({}),
    };
  },
};
