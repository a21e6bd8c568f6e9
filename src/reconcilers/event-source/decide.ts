import { DEFAULT_EXPECT_WITHIN, type EventSource, type EventSourceStatus } from '../../api/event-source.ts';
import type { Cloud } from '../../azure/arm/clouds.ts';
import type { QueueFailure } from '../../hints/service-bus/failure.ts';
import type { QueueState } from '../../hints/service-bus/queue-consumer.ts';
import type { SourceView } from '../../hints/sources/event-sources.ts';
import { parseDuration } from '../../policy/grants.ts';
import { type Finding, timestamp } from '../../runtime/status/conditions.ts';
import { type Decision, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summaries.ts';

export interface SourceFacts extends Partial<SourceView> {
  /** Wall ms. */
  readonly now: number;
  readonly cloud: Pick<Cloud, 'name' | 'serviceBusSuffix'>;
}

export type SourceStatus = Pick<EventSourceStatus, 'lastEventTime'>;

/** How fresh the time of the last event is in the status: an event costs no write. */
export const TOLD_EVERY_MS = 5 * 60_000;
/** Connections are dropped now and then, and are back within seconds: nothing that anybody must know. */
const BRIEF_MS = 30_000;
/** What waited in the queue while azid was away has come by then. */
const CATCH_UP_MS = 5 * 60_000;
const SOON_MS = 10_000;
const MINUTE_MS = 60_000;

/** How the queue of an EventSource stands: whether azid receives from it, and whether events come. */
export function decide(source: EventSource, facts: SourceFacts): Decision<never, SourceStatus> {
  const lastEventAt = lastEventOf(source, facts);
  const arriving = arrivingOf(source, facts, lastEventAt);
  return {
    actions: [],
    status: lastEventStatus(source, lastEventAt),
    summary: summaryOf(source, facts, arriving.nextMs),
    conditions: [arriving.condition],
  };
}

function summaryOf(
  source: EventSource,
  { assignment, queue, now, cloud }: SourceFacts,
  nextMs: number,
): Summary {
  const { namespace, queue: name } = source.spec.serviceBus;
  switch (assignment?.type) {
    case 'otherCloud':
      return stalledInside(
        'OtherCloud',
        `not in the cloud ${cloud.name}; spec.serviceBus.namespace: expected a host that ends in .${cloud.serviceBusSuffix}, got '${namespace}'; azid would send a token there`,
      );
    case 'taken':
      return stalledInside(
        'QueueTaken',
        `EventSource ${assignment.by} receives from this queue; it is older; delete one of the two, or name another queue`,
      );
    case 'receives':
      return queue ? summaryOfQueue(`queue ${name} of ${namespace}`, queue, now, nextMs) : connecting();
    default:
      return connecting();
  }
}

function connecting(): Summary {
  return {
    state: 'progressing',
    reason: 'Connecting',
    message: 'connecting to the queue',
    againMs: SOON_MS,
    keep: true,
  };
}

function summaryOfQueue(
  which: string,
  { connection, unreadable }: QueueState,
  now: number,
  nextMs: number,
): Summary {
  switch (connection.state) {
    case 'connecting':
      return connecting();
    case 'broken': {
      const { failure, since } = connection;
      const refused = REFUSALS[failure.reason];
      if (refused !== undefined) return stalledOutside(failure.reason, refused(which));
      const brief = now - since < BRIEF_MS;
      return {
        state: 'progressing',
        reason: failure.reason,
        message: TROUBLES[failure.reason]?.(which, failure) ?? `${which}: ${failure.code}`,
        againMs: brief ? BRIEF_MS - (now - since) + 1_000 : MINUTE_MS,
        keep: brief,
      };
    }
    case 'receiving':
      if (unreadable)
        return stalledOutside(
          'UnreadableEvents',
          `no message can be read; the first: ${unreadable.reason}, ${unreadable.message}; set the event subscription to Event Grid's schema or CloudEvents 1.0; the messages are in the dead-letter queue of ${which}`,
        );
      return { state: 'ready', reason: 'Receiving', message: `receives from ${which}`, nextMs };
  }
}

/** What lasts until somebody acts in Azure. */
const REFUSALS: Readonly<Partial<Record<QueueFailure['reason'], (which: string) => string>>> = {
  QueueNotFound: (which) => `no such queue: ${which}; make it, or correct spec.serviceBus`,
  QueueNotUsable: (which) =>
    `the queue gives nothing: ${which} is disabled, or has sessions; enable it, or make one without sessions`,
  AuthorizationFailed: (which) =>
    `azid may not receive; assign Azure Service Bus Data Receiver on ${which} to azid's own identity`,
};

/** What passes by itself, or with a thing that azid cannot name. */
const TROUBLES: Readonly<
  Partial<Record<QueueFailure['reason'], (which: string, failure: QueueFailure) => string>>
> = {
  BrokerUnavailable: (which, { code }) =>
    `the broker does not answer (${code}); ${which}; azid tries again; if it lasts, see that the namespace exists and that azid reaches its port 5671`,
  Throttled: (which) => `the broker is busy; ${which}; azid tries again`,
  AzureAuthenticationFailed: (which) => `no token from Entra for Service Bus; ${which}; the log says why`,
};

/** When the last event came, as far as this process or one before it saw. */
function lastEventOf({ status }: EventSource, { queue, now }: SourceFacts): number | undefined {
  const shown = Date.parse(status?.lastEventTime ?? '');
  const last = Math.max(queue?.lastEventAt ?? 0, Number.isNaN(shown) ? 0 : Math.min(shown, now));
  return last > 0 ? last : undefined;
}

function lastEventStatus({ status }: EventSource, lastEventAt: number | undefined): SourceStatus {
  const shown = status?.lastEventTime;
  if (lastEventAt === undefined) return {};
  const fresh = shown !== undefined && lastEventAt - Date.parse(shown) < TOLD_EVERY_MS;
  return { lastEventTime: fresh ? shown : timestamp(lastEventAt) };
}

/** Silence is no proof that something is broken, so it is a condition of its own, and `Ready` stays. */
function arrivingOf(
  source: EventSource,
  { queue, now, assignment }: SourceFacts,
  lastEventAt: number | undefined,
): { readonly condition: Finding; readonly nextMs: number } {
  const type = 'EventsArriving';
  const { connection } = queue ?? {};
  if (assignment?.type !== 'receives' || connection?.state !== 'receiving')
    return {
      condition: {
        type,
        status: 'Unknown',
        reason: 'NotReceiving',
        message: 'azid does not receive from the queue now; Ready says why',
      },
      nextMs: RECHECK_READY_MS,
    };
  const { expectWithin = DEFAULT_EXPECT_WITHIN } = source.spec;
  const within = parseDuration(expectWithin);
  const from = lastEventAt ?? Date.parse(source.metadata.creationTimestamp ?? '');
  const silentFrom = Math.max(from + within, connection.since + CATCH_UP_MS);
  if (now >= silentFrom)
    return {
      condition: {
        type,
        status: 'False',
        reason: 'Silent',
        message: `no event ${lastEventAt === undefined ? 'ever came' : `since ${timestamp(lastEventAt)}`}, expected one within ${expectWithin}; see that the event subscription exists and delivers to this queue, or raise spec.expectWithin where nothing changes for so long`,
      },
      nextMs: RECHECK_READY_MS,
    };
  const nextMs = Math.min(RECHECK_READY_MS, silentFrom - now + 1_000);
  if (lastEventAt === undefined)
    return {
      condition: {
        type,
        status: 'Unknown',
        reason: 'NoneYet',
        message: `no event came yet; one is expected within ${expectWithin}`,
      },
      nextMs,
    };
  return {
    condition: {
      type,
      status: 'True',
      reason: 'Arriving',
      message: `the last event came within ${expectWithin}`,
    },
    nextMs,
  };
}
