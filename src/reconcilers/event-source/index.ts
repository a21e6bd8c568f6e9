import {
  DEFAULT_EXPECT_WITHIN,
  type EventSource,
  type EventSourceStatus,
  eventSource,
} from '../../api/event-source.ts';
import type { ManagedObject } from '../../api/schema/common.ts';
import type { ClockState } from '../../hints/service-bus/clocks.ts';
import { keyOf } from '../../kube/types.ts';
import { parseDuration } from '../../policy/grants.ts';
import type { Watch } from '../../runtime/controller/watch.ts';
import type { Finding } from '../../runtime/status/conditions.ts';
import type { Decision } from '../decision.ts';
import type { KindDefinition } from '../definition.ts';
import type { StoreDefinition, Stores } from '../stores.ts';
import { onEdit, onSelf } from '../watches/watches.ts';
import { arrivingOf, lastEventOf, lastEventStatus, REPORTED_EVERY_MS, subscriptionsOf } from './arrivals.ts';
import { type SourceFacts, summaryOf } from './connection.ts';

export const store: StoreDefinition<EventSource> = { name: 'eventSources', indexes: {} };

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

/** What enqueues an EventSource: itself, and any other, which may take or free its queue. Its queue enqueues it besides. */
function watches({
  stores: { eventSources },
}: {
  readonly stores: Pick<Stores, 'eventSources'>;
}): readonly Watch[] {
  return [onSelf(eventSources), onEdit(eventSources, () => eventSources.keys())];
}

type SourceStatus = Pick<EventSourceStatus, 'lastEventTime' | 'subscriptions'>;

/** What is reported of an EventSource: whether azid receives from its queue, whether events come, and whether clocks agree. */
export function decide(source: EventSource, facts: SourceFacts): Decision<never, SourceStatus> {
  const lastEventAt = lastEventOf(source, facts);
  const { expectWithin = DEFAULT_EXPECT_WITHIN } = source.spec;
  const subscriptions = subscriptionsOf(source, facts, parseDuration(expectWithin));
  const arriving = arrivingOf(source, facts, lastEventAt, subscriptions);
  return {
    actions: [],
    status: {
      ...lastEventStatus(source, lastEventAt),
      ...(subscriptions.status.length > 0 && { subscriptions: [...subscriptions.status] }),
    },
    summary: summaryOf(source, facts, Math.min(arriving.nextMs, subscriptions.nextMs)),
    conditions: [arriving.condition, clocksOf(source, facts)].filter((each) => each !== undefined),
  };
}

const TYPE = 'ClocksAgree';

/**
 * Whether the times of messages fit azid's clock. There is such a condition once they did not: of clocks that always agreed
 * nothing is reported. Undefined: what was reported stays.
 */
function clocksOf({ status }: EventSource, { queue }: SourceFacts): Finding | undefined {
  const clocks = queue?.clocks;
  if (!clocks) return undefined;
  if (clocks.verdict !== 'agree')
    return { type: TYPE, status: 'False', reason: REASONS[clocks.verdict], message: messageOf(clocks) };
  const wasReported = status?.conditions?.some(({ type }) => type === TYPE);
  if (!wasReported) return undefined;
  return {
    type: TYPE,
    status: 'True',
    reason: 'Agree',
    message: 'the times of messages fit the clock of azid',
  };
}

const REASONS = {
  brokerAhead: 'BrokerClockAhead',
  brokerBehind: 'BrokerClockBehind',
  eventsOff: 'EventTimesOff',
} as const;

function messageOf(clocks: Exclude<ClockState, { verdict: 'agree' }>): string {
  if (clocks.verdict === 'eventsOff')
    return 'events come whose times cannot be right: they lie more than 5 minutes after the event reached the queue, or more than a day before; azid takes them with the time at which they reached it; see who else sends to the queue, and the clock of whoever does';
  const where = clocks.verdict === 'brokerAhead' ? 'ahead of' : 'behind';
  return `the clock of Service Bus is about ${clocks.minutes} minutes ${where} that of azid; which of the two is off cannot be told from here; see that the node on which azid runs has its time by NTP; ages of events, silence and the ends of grants are counted by azid's clock`;
}
