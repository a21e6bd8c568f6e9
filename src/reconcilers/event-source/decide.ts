import { DEFAULT_EXPECT_WITHIN, type EventSource, type EventSourceStatus } from '../../api/event-source.ts';
import type { QueueFailure } from '../../hints/service-bus/failure.ts';
import type { QueueState } from '../../hints/service-bus/queue-state.ts';
import { parseDuration } from '../../policy/grants.ts';
import { type Finding, timestamp } from '../../runtime/status/conditions.ts';
import { type Decision, RECHECK_READY_MS, type Summary } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';
import { clocksOf } from './clocks.ts';
import { CATCH_UP_MS, REPORTED_EVERY_MS, type SourceFacts } from './facts.ts';
import { type Subscriptions, subscriptionsOf } from './subscriptions.ts';

export type SourceStatus = Pick<EventSourceStatus, 'lastEventTime' | 'subscriptions'>;

/** Connections are dropped now and then, and are back within seconds: nothing that anybody must know. */
const BRIEF_MS = 30_000;
const SOON_MS = 10_000;
const MINUTE_MS = 60_000;

/** How the queue of an EventSource stands: whether azid receives from it, and whether events come. */
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

function summaryOf(
  source: EventSource,
  { assignment, queue, now, cloud }: SourceFacts,
  nextMs: number,
): Summary {
  const { namespace } = source.spec.serviceBus;
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
      return queue ? summaryOfQueue(source, queue, now, nextMs) : connecting(source);
    default:
      return connecting(source);
  }
}

function connecting(source: EventSource): Summary {
  return {
    state: 'progressing',
    reason: 'Connecting',
    message: 'connecting to the queue',
    againMs: SOON_MS,
    keep: isAsBefore(source),
  };
}

function summaryOfQueue(
  source: EventSource,
  { connection, unreadable }: QueueState,
  now: number,
  nextMs: number,
): Summary {
  const { namespace, queue } = source.spec.serviceBus;
  const which = `queue ${queue} of ${namespace}`;
  switch (connection.state) {
    case 'connecting':
      return connecting(source);
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
        keep: brief && isAsBefore(source),
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
  const fresh = shown !== undefined && lastEventAt - Date.parse(shown) < REPORTED_EVERY_MS;
  return { lastEventTime: fresh ? shown : timestamp(lastEventAt) };
}

/**
 * Silence is no proof that something is broken, so it is a condition of its own, and `Ready` stays. Without a
 * condition here the earlier one stays: nothing flips for a connection that is back within moments, nor for a process
 * that starts.
 */
function arrivingOf(
  source: EventSource,
  { queue, now, assignment }: SourceFacts,
  lastEventAt: number | undefined,
  { missed }: Subscriptions,
): { readonly condition?: Finding; readonly nextMs: number } {
  const type = 'EventsArriving';
  const reported = (
    status: Finding['status'],
    reason: string,
    message: string,
    nextMs = RECHECK_READY_MS,
  ) => ({
    condition: { type, status, reason, message },
    nextMs,
  });
  if (assignment?.type === 'receives' && isAsBefore(source) && (!queue || isBrief(queue, now)))
    return { nextMs: RECHECK_READY_MS };
  const { connection } = queue ?? {};
  if (assignment?.type !== 'receives' || connection?.state !== 'receiving')
    return reported('Unknown', NOT_RECEIVING, 'azid does not receive from the queue now; Ready says why');
  const { expectWithin = DEFAULT_EXPECT_WITHIN } = source.spec;
  const overdueAt =
    (lastEventAt ?? Date.parse(source.metadata.creationTimestamp ?? '')) + parseDuration(expectWithin);
  const others = queue?.others ? OTHERS : '';
  const caughtUpAt = connection.since + CATCH_UP_MS;
  const wasSilent = source.status?.conditions?.some((each) => each.type === type && each.reason === SILENT);
  if (now >= overdueAt && (now >= caughtUpAt || wasSilent)) {
    const since = lastEventAt === undefined ? 'ever came' : `since ${timestamp(lastEventAt)}`;
    return reported(
      'False',
      SILENT,
      `no event ${since}, expected one within ${expectWithin}${others}; see that the event subscription exists and delivers to this queue, or raise spec.expectWithin where nothing changes for so long`,
    );
  }
  // Others may deliver meanwhile, so that the queue is not silent.
  if (missed !== undefined) return reported('False', SUBSCRIPTION_SILENT, missed);
  const nextMs = Math.min(RECHECK_READY_MS, Math.max(overdueAt, caughtUpAt) - now + 1_000);
  if (lastEventAt === undefined || now >= overdueAt)
    return reported(
      'Unknown',
      NONE_YET,
      `no event came yet; one is expected within ${expectWithin}${others}`,
      nextMs,
    );
  return reported('True', ARRIVING, `the last event came within ${expectWithin}`, nextMs);
}

const OTHERS =
  '; what comes is of other sources: the event subscription must be of a system topic of type Microsoft.Resources.Subscriptions or Microsoft.Resources.ResourceGroups';

/** The last report was of the spec as it is: the report on another queue would not be news. */
function isAsBefore({ status, metadata }: EventSource): boolean {
  return status?.observedGeneration === metadata.generation;
}

/** Not received from, and too shortly to be reported. */
function isBrief({ connection }: QueueState, now: number): boolean {
  if (connection.state === 'connecting') return true;
  if (connection.state === 'receiving') return false;
  return REFUSALS[connection.failure.reason] === undefined && now - connection.since < BRIEF_MS;
}

export const ARRIVING = 'Arriving';
export const NONE_YET = 'NoneYet';
export const SILENT = 'Silent';
export const SUBSCRIPTION_SILENT = 'SubscriptionSilent';
export const NOT_RECEIVING = 'NotReceiving';
