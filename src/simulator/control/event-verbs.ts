import { z } from 'zod';
import type { EventGrid } from '../events/event-grid.ts';
import { filterSchema } from '../events/filters.ts';
import type { ResourceEventData } from '../events/resource-event.ts';
import { TOPIC_TYPE, TopicError } from '../events/topics.ts';
import type { Foundation } from '../frame.ts';
import { ControlError, verb } from './endpoint.ts';

const none = z.strictObject({});
const byId = z.strictObject({ id: z.string() });
const MINUTE_MS = 60_000;

/** Topics, event subscriptions, and what happens to events on their way. */
export function eventVerbs(events: EventGrid, { clock, random }: Foundation, subscriptionId: string) {
  const { topics, deliveries } = events;
  return {
    /** Of a subscription or resource group; by default of the simulator's own subscription. */
    createSystemTopic: verb(
      z.strictObject({
        name: z.string().min(3),
        resourceGroup: z.string(),
        subscriptionId: z.string().optional(),
        source: z.string().optional(),
      }),
      ({ name, resourceGroup, subscriptionId: in_ = subscriptionId, source = `/subscriptions/${in_}` }) => {
        const id = `/subscriptions/${in_}/resourceGroups/${resourceGroup}/providers/${TOPIC_TYPE}/${name}`;
        return refusing('createSystemTopic', () => topics.addTopic({ id, name, source }));
      },
    ),
    createEventSubscription: verb(
      z.strictObject({
        topic: z.string(),
        name: z
          .string()
          .regex(/^[a-z0-9-]{3,64}$/i, { error: 'expected 3 to 64 letters, digits and dashes' }),
        /** ARM id of a queue; it need not exist. */
        queue: z.string(),
        filter: filterSchema.prefault({}),
        schema: z.enum(['EventGridSchema', 'CloudEventSchemaV1_0']).default('EventGridSchema'),
        maxDeliveryAttempts: z.number().int().min(1).max(30).default(30),
        timeToLiveMinutes: z.number().int().min(1).max(1_440).default(1_440),
        deadLetters: z.boolean().default(false),
        /** Object id of the principal that delivers; it needs Azure Service Bus Data Sender. */
        identity: z.guid().optional(),
      }),
      ({ topic: of, identity, timeToLiveMinutes, ...given }) => {
        const topic = topics.topic(of);
        if (!topic) throw new ControlError(`topic: expected the id of an existing system topic, got '${of}'`);
        const timeToLiveMs = timeToLiveMinutes * MINUTE_MS;
        const { id } = topics.addSubscription({
          ...given,
          topic,
          timeToLiveMs,
          ...(identity !== undefined && { identity }),
        });
        return { id };
      },
    ),
    /** With its event subscriptions. */
    deleteSystemTopic: verb(byId, ({ id }) => ({ deleted: topics.remove(id) })),
    deleteEventSubscription: verb(byId, ({ id }) => ({ deleted: topics.remove(id) })),
    /** An event that nothing here caused: of a type that is not simulated, forged, or out of its time. */
    publishEvent: verb(
      z.strictObject({
        subject: z.string(),
        eventType: z.string().default('Microsoft.Resources.ResourceWriteSuccess'),
        id: z.string().optional(),
        data: z.record(z.string(), z.unknown()).default({}),
      }),
      ({ subject, eventType, id = random.uuid(), data }) => {
        const eventTime = new Date(clock.now()).toISOString().replace('Z', '0000Z');
        events.publish({ id, subject, eventType, eventTime, data: data as unknown as ResourceEventData });
        return { id };
      },
    ),
    /** Events pile up, and are delivered by `releaseEvents`. */
    holdEvents: verb(none, () => deliveries.hold()),
    releaseEvents: verb(
      z.strictObject({ order: z.enum(['arrival', 'reverse', 'shuffled']).default('arrival') }),
      ({ order }) => ({ released: deliveries.release(order) }),
    ),
    /** As an outage: nothing is delivered for so long, and everything afterwards. */
    quietEvents: verb(z.strictObject({ ms: z.number().min(0) }), ({ ms }) => deliveries.quiet(ms)),
    /** What became of the latest thousand. */
    eventDeliveries: verb(none, () => deliveries.log()),
    /** What Event Grid wrote into the container of dead letters. */
    deadLetteredEvents: verb(none, () => deliveries.deadLetters()),
  };
}

function refusing<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TopicError) throw new ControlError(`${name}: ${error.message}`);
    throw error;
  }
}
