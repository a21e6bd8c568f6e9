import type { EventSource } from '../../api/event-source.ts';
import type { Cloud } from '../../azure/arm/clouds.ts';
import type { QueueFailure } from '../../hints/service-bus/failure.ts';
import type { QueueState } from '../../hints/service-bus/queue-state.ts';
import type { ObservedSource } from '../../hints/sources/event-sources.ts';
import type { Summary } from '../decision.ts';
import { stalledInside, stalledOutside } from '../status/summary.ts';

/** Whether azid receives from the queue of an EventSource: its summary. */

export interface SourceFacts extends Partial<ObservedSource> {
  /** Wall ms. */
  readonly now: number;
  readonly cloud: Pick<Cloud, 'name' | 'serviceBusSuffix'>;
}

/** Connections are dropped now and then, and are back within seconds: nothing that has to be reported. */
const BRIEF_MS = 30_000;
const SOON_MS = 10_000;
const MINUTE_MS = 60_000;

export function summaryOf(
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

/** What lasts until a person acts in Azure. */
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

/** The last report was of the spec as it is: the report on another queue would not be news. */
export function isAsBefore({ status, metadata }: EventSource): boolean {
  return status?.observedGeneration === metadata.generation;
}

/** Not received from, and too shortly to be reported. */
export function isBrief({ connection }: QueueState, now: number): boolean {
  if (connection.state === 'connecting') return true;
  if (connection.state === 'receiving') return false;
  return REFUSALS[connection.failure.reason] === undefined && now - connection.since < BRIEF_MS;
}
