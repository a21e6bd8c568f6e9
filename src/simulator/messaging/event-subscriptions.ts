import { z } from 'zod';
import { filterSchema } from '../events/filters.ts';
import { SUBSCRIPTION_TYPE, type Topics } from '../events/topics.ts';
import type { Frame } from '../frame.ts';
import type { ArmRequest, Operation, Params } from '../http/operation.ts';
import type { SystemIdentities } from '../identities/system-identity.ts';
import type { Namespaces } from '../service-bus/queues/namespaces.ts';
import { invalidRequest, type Kept, type KeptResources, readBody, typeOperations } from './kept.ts';
import { CONTAINER_TYPE } from './storage.ts';

const MINUTE_MS = 60_000;
const NAME = /^[a-z0-9-]{3,64}$/i;
const EVENT_TYPE = /^Microsoft\.Resources\.Resource(Write|Delete|Action)(Success|Failure|Cancel)$/i;

const own = z.looseObject({ type: z.literal('SystemAssigned') });
const queue = z.object({
  endpointType: z.literal('ServiceBusQueue'),
  properties: z.looseObject({ resourceId: z.string() }),
});
const blob = z.object({
  endpointType: z.literal('StorageBlob'),
  properties: z.object({ resourceId: z.string(), blobContainerName: z.string() }),
});
const propertiesSchema = z.looseObject({
  destination: queue.optional(),
  deliveryWithResourceIdentity: z.object({ identity: own, destination: queue }).optional(),
  deadLetterDestination: blob.optional(),
  deadLetterWithResourceIdentity: z.object({ identity: own, deadLetterDestination: blob }).optional(),
  eventDeliverySchema: z.enum(['EventGridSchema', 'CloudEventSchemaV1_0']).default('EventGridSchema'),
  filter: filterSchema.nullish(),
  retryPolicy: z
    .object({
      maxDeliveryAttempts: z.number().int().min(1).max(30).default(30),
      eventTimeToLiveInMinutes: z.number().int().min(1).max(1_440).default(1_440),
    })
    .prefault({}),
});

interface SubscriptionParts {
  readonly topics: Topics;
  readonly namespaces: Namespaces;
  readonly systemIdentities: SystemIdentities;
}

/** Event subscriptions of system topics over ARM, to a queue: from then on events come there. */
export function eventSubscriptionOperations(
  frame: Frame,
  kept: KeptResources,
  { topics, namespaces, systemIdentities }: SubscriptionParts,
): readonly Operation[] {
  const find = (id: string) => kept.get(id);

  const put = (request: ArmRequest, { name = '' }: Params): Kept => {
    const topic = topics.topic(request.path.split('/').slice(0, -2).join('/'));
    if (!topic) throw invalidRequest('The system topic of the event subscription was not found.');
    if (!NAME.test(name))
      throw invalidRequest(
        `Event subscription name '${name}' is not valid: 3 to 64 letters, digits and dashes.`,
      );
    const parsed = propertiesSchema.safeParse(readBody(request.body).properties);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw invalidRequest(
        `The event subscription is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
      );
    }
    const properties = parsed.data;
    const { deliveryWithResourceIdentity: delivery, deadLetterWithResourceIdentity: dead } = properties;
    const destination = delivery?.destination ?? properties.destination;
    if (!destination) throw invalidRequest('The destination of the event subscription is required.');
    assertQueue(destination.properties.resourceId);
    for (const type of properties.filter?.includedEventTypes ?? [])
      if (!EVENT_TYPE.test(type)) throw invalidRequest(`The event type '${type}' is not one of the topic's.`);
    const deadLetters = dead?.deadLetterDestination ?? properties.deadLetterDestination;
    if (deadLetters) assertContainer(deadLetters.properties);
    const identity = systemIdentities.get(topic.id);
    if ((delivery || dead) && !identity)
      throw invalidRequest(
        'The system topic has no managed identity, which the event subscription is to deliver by.',
      );
    const { retryPolicy, eventDeliverySchema: schema, filter } = properties;
    const { id } = topics.addSubscription({
      name,
      topic,
      queue: destination.properties.resourceId,
      filter: filter ?? filterSchema.parse({}),
      schema,
      maxDeliveryAttempts: retryPolicy.maxDeliveryAttempts,
      timeToLiveMs: retryPolicy.eventTimeToLiveInMinutes * MINUTE_MS,
      deadLetters: deadLetters !== undefined,
      ...(delivery && identity && { identity: identity.principalId }),
    });
    const one: Kept = {
      id,
      name,
      type: SUBSCRIPTION_TYPE,
      properties: { ...properties, topic: topic.source, provisioningState: 'Succeeded' },
    };
    kept.put(one);
    return one;
  };

  /** Event Grid checks that its destination exists; its texts are guesses. */
  const assertQueue = (id: string) => {
    if (!namespaces.queue(id)) throw invalidRequest(`The Service Bus queue '${id}' was not found.`);
  };
  const assertContainer = ({
    resourceId,
    blobContainerName,
  }: {
    resourceId: string;
    blobContainerName: string;
  }) => {
    const id = `${resourceId}/blobServices/default/containers/${blobContainerName}`;
    if (frame.world.resource(id)?.type !== CONTAINER_TYPE)
      throw invalidRequest(`The storage container '${id}' of dead letters was not found.`);
  };

  return typeOperations({
    frame,
    type: SUBSCRIPTION_TYPE,
    plural: 'systemTopicEventSubscriptions',
    find,
    made: 201,
    put,
  });
}
