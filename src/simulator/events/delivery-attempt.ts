import type { Frame } from '../frame.ts';
import type { Random } from '../random.ts';
import { MAX_MESSAGE_BYTES } from '../service-bus/amqp/queue-links.ts';
import { mayAs } from '../service-bus/claims/claims.ts';
import { textBody } from '../service-bus/queues/message.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import type { ResourceEvent } from './resource-event.ts';
import type { EventSchema, EventSubscription } from './topics.ts';

/** The outcome of an attempt. */
export type Outcome =
  | 'Delivered'
  /** Tried again. */
  | 'NotFound'
  | 'Unauthorized'
  /** Given up at once. */
  | 'PayloadTooLarge';

export const isFinal = (outcome: Outcome): boolean =>
  outcome === 'Delivered' || outcome === 'PayloadTooLarge';

/** One attempt to bring an event to its queue: one message, whose id is the event's, however often it comes. */
export function deliver(
  frame: Frame,
  namespaces: Namespaces,
  event: ResourceEvent,
  subscription: EventSubscription,
  /** Attempts before this one. */
  attempts: number,
): Outcome {
  const queue = namespaces.queue(subscription.queue);
  if (!queue) return 'NotFound';
  const { world, authorizer, knobs } = frame;
  const { identity, topic, schema, name } = subscription;
  if (identity !== undefined && !mayAs(authorizer, identity, world.tenantId, 'Send', queue.id))
    return 'Unauthorized';
  const encoded = encode(event, topic.source, schema, knobs.values.events.body === 'array');
  if (Buffer.byteLength(encoded.text) > MAX_MESSAGE_BYTES) return 'PayloadTooLarge';
  queue.active.enqueue({
    messageId: event.id,
    properties: { content_type: encoded.contentType },
    applicationProperties: {
      'aeg-subscription-name': name.toUpperCase(),
      'aeg-delivery-count': String(attempts),
      'aeg-event-type': 'Notification',
      'aeg-metadata-version': encoded.metadataVersion,
      ...(encoded.dataVersion !== undefined && { 'aeg-data-version': encoded.dataVersion }),
      'aeg-output-event-id': event.id,
    },
    annotations: {},
    body: textBody(encoded.text),
  });
  return 'Delivered';
}

/** An event as a subscription delivers it. */
interface EncodedEvent {
  readonly contentType: string;
  /** JSON. */
  readonly text: string;
  /** The versions in the message's headers. */
  readonly dataVersion?: string;
  readonly metadataVersion: string;
}

/** `topic`: id of the topic's source. `array`: as an array of one (documentation does not say which). */
export function encode(
  event: ResourceEvent,
  topic: string,
  schema: EventSchema,
  array: boolean,
): EncodedEvent {
  const text = (value: object) => JSON.stringify(array ? [value] : value);
  const { id, subject, data, eventType, eventTime } = event;
  switch (schema) {
    case 'EventGridSchema':
      return {
        contentType: 'application/json; charset=utf-8',
        text: text({ ...event, topic, dataVersion: '2', metadataVersion: '1' }),
        dataVersion: '2',
        metadataVersion: '1',
      };
    case 'CloudEventSchemaV1_0':
      return {
        contentType: 'application/cloudevents+json; charset=utf-8',
        text: text({
          specversion: '1.0',
          type: eventType,
          source: topic,
          id,
          time: eventTime,
          subject,
          data,
        }),
        metadataVersion: '1.0',
      };
  }
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Waits after the first attempt, the second, and so on; the last goes on (documentation; newer pages end so). */
const SCHEDULE = [
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
];

/** What cannot be delivered is dead-lettered so late, so that failures of Event Grid itself do not fill the container. */
export const DEAD_LETTER_AFTER_MS = 5 * MINUTE;

/** How long to wait after so many attempts, give or take a tenth; undefined when it was the last. */
export function retryAfter(
  given: { readonly attempts: number; readonly ageMs: number },
  policy: { readonly maxDeliveryAttempts: number; readonly timeToLiveMs: number },
  random: Random,
): number | undefined {
  if (given.attempts >= policy.maxDeliveryAttempts) return undefined;
  const wait = (SCHEDULE[given.attempts - 1] ?? SCHEDULE.at(-1) ?? 0) * (0.9 + 0.2 * random.next());
  return given.ageMs + wait > policy.timeToLiveMs ? undefined : wait;
}
