import { z } from 'zod';
import type { ServiceBusPart } from '../service-bus/broker.ts';
import { brokerFaultSchema } from '../service-bus/parts.ts';
import { type BrokeredMessage, textBody, textOf } from '../service-bus/queues/message.ts';
import { type Namespace, ROOT_KEY } from '../service-bus/queues/namespaces.ts';
import { resourceGroupNotFound, type World } from '../world/world.ts';
import { ControlError, verb } from './endpoint.ts';

const none = z.strictObject({});
const byQueue = z.strictObject({ id: z.string() });
const onQueue = z.strictObject({ queue: z.string().optional() });
const condition = {
  condition: z.string().default('amqp:link:detach-forced'),
  description: z.string().default('The link is force detached by the broker.'),
};

/** Namespaces and queues, what is in them, and what goes wrong at the broker. */
export function serviceBusVerbs(part: ServiceBusPart, world: World, subscriptionId: string) {
  const { namespaces, broker, faults } = part;
  const existing = (id: string) => {
    const queue = namespaces.queue(id);
    if (queue) return queue;
    throw new ControlError(`id: expected the ARM id of an existing queue, got '${id}'`);
  };
  return {
    /** What is reached by `host` as namespace and `endpoint` as custom endpoint address, or by `endpoint`'s authority alone. */
    createServiceBusNamespace: verb(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9-]{4,48}[a-z0-9]$/i, {
          error: 'expected 6 to 50 letters, digits and dashes, the first a letter, the last no dash',
        }),
        resourceGroup: z.string(),
        subscriptionId: z.string().optional(),
        location: z.string().optional(),
      }),
      ({ subscriptionId: in_ = subscriptionId, resourceGroup, name, location }) => {
        if (!world.resourceGroup(in_, resourceGroup)) throw resourceGroupNotFound(resourceGroup);
        const given = { subscriptionId: in_, resourceGroup, name };
        return shown(namespaces.createNamespace({ ...given, ...(location !== undefined && { location }) }));
      },
    ),
    createQueue: verb(
      z.strictObject({
        namespace: z.string(),
        name: z.string().min(1).max(260),
        lockDurationMs: z.number().int().min(5_000).max(300_000).optional(),
        maxDeliveryCount: z.number().int().min(1).max(2_000).optional(),
        duplicateDetection: z.boolean().optional(),
        duplicateWindowMs: z.number().int().min(20_000).max(604_800_000).optional(),
      }),
      ({ namespace: of, name, ...given }) => {
        const namespace = namespaces.byName(of);
        if (!namespace)
          throw new ControlError(`namespace: expected the name of an existing namespace, got '${of}'`);
        const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        return { id: namespaces.createQueue(namespace, name, settings).id };
      },
    ),
    deleteQueue: verb(byQueue, ({ id }) => ({ deleted: namespaces.deleteQueue(id) })),
    /** As a client with the right would send them: any text, one message each. */
    sendMessages: verb(
      z.strictObject({
        id: z.string(),
        bodies: z.array(z.string()),
        contentType: z.string().optional(),
        /** Of the first; those of the others are made up. */
        messageId: z.string().optional(),
        applicationProperties: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
          .default({}),
      }),
      ({ id, bodies, contentType, messageId, applicationProperties }) => {
        const queue = existing(id);
        const sequenceNumbers = bodies.map((body, i) =>
          queue.active.enqueue({
            messageId: (i === 0 ? messageId : undefined) ?? namespaces.newMessageId(),
            properties: { ...(contentType !== undefined && { content_type: contentType }) },
            applicationProperties,
            annotations: {},
            body: textBody(body),
          }),
        );
        return { sequenceNumbers, duplicates: sequenceNumbers.filter((each) => each === undefined).length };
      },
    ),
    /** What it holds now, dead letters beside it. */
    queue: verb(byQueue, ({ id }) => {
      const { active, deadLetters, name, namespace } = existing(id);
      return {
        id,
        name,
        namespace,
        settings: active.settings,
        ...active.counts(),
        messages: active.peek(0, SHOWN).map(view),
        deadLetters: deadLetters.peek(0, SHOWN).map(view),
      };
    }),
    purgeQueue: verb(byQueue, ({ id }) => {
      const { active, deadLetters } = existing(id);
      return { purged: active.purge() + deadLetters.purge() };
    }),
    /** Every lock on messages of the queue ends now, as if it had expired. */
    expireLocks: verb(byQueue, ({ id }) => ({ expired: existing(id).active.expireLocks() })),
    addBrokerFault: verb(brokerFaultSchema, (fault) => ({ id: faults.add(fault) })),
    clearBrokerFaults: verb(z.strictObject({ id: z.number().int().optional() }), ({ id }) => ({
      cleared: faults.clear(id),
    })),
    brokerFaultHits: verb(z.strictObject({ id: z.number().int() }), ({ id }) => ({
      hits: faults.hits(id) ?? 0,
    })),
    /** As a network that breaks: nothing is said. */
    dropBrokerConnections: verb(none, () => ({ dropped: broker.drop() })),
    /** Nothing listens at the broker's ports, for so long, or until `brokerBack`. */
    brokerAway: verb(z.strictObject({ ms: z.number().min(0).optional() }), ({ ms }) => broker.goAway(ms)),
    brokerBack: verb(none, () => broker.comeBack()),
    detachLinks: verb(z.strictObject({ ...condition, ...onQueue.shape }), ({ queue, ...with_ }) => ({
      detached: broker.detach(with_, queue),
    })),
    endBrokerSessions: verb(z.strictObject(condition), (with_) => broker.endSessions(with_)),
    closeBrokerConnections: verb(z.strictObject(condition), (with_) => ({
      closed: broker.closeConnections({ ...with_, condition: 'amqp:connection:forced' }),
    })),
    brokerLinks: verb(none, () => broker.links()),
    tokensPut: verb(none, () => part.tokensPut()),
  };

  function shown({ id, name, host, key }: Namespace) {
    const { endpoint, plainEndpoint } = broker;
    const access = `SharedAccessKeyName=${ROOT_KEY};SharedAccessKey=${key}`;
    return {
      id,
      name,
      host,
      endpoint,
      /** Over TLS. */
      connectionString: `Endpoint=${endpoint}/;${access}`,
      /** Over plain TCP, as Microsoft's emulator takes it. */
      emulatorConnectionString: `Endpoint=${plainEndpoint}/;${access};UseDevelopmentEmulator=true`,
    };
  }
}

const SHOWN = 1_000;

const view = ({
  messageId,
  sequenceNumber,
  deliveryCount,
  properties,
  applicationProperties,
  body,
}: BrokeredMessage) => ({
  messageId,
  sequenceNumber,
  deliveryCount,
  contentType: properties.content_type,
  applicationProperties,
  body: textOf(body),
});
