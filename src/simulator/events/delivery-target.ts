import type { Frame } from '../frame.ts';
import { MAX_MESSAGE_BYTES } from '../service-bus/amqp/incoming-link.ts';
import { mayAs } from '../service-bus/claims/claims.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import { textBody } from '../service-bus/queues/text-body.ts';
import type { ResourceEvent } from './resource-event.ts';
import type { Outcome } from './retries.ts';
import { encode } from './schemas.ts';
import type { EventSubscription } from './topics.ts';

/** One attempt to bring an event to its queue: one message, whose id is the event's, however often it comes. */
export function deliver(
  frame: Pick<Frame, 'world' | 'authorizer' | 'knobs'>,
  namespaces: Pick<Namespaces, 'queue'>,
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
