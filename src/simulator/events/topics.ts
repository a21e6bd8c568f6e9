import { isWithin, parseScope, scopeKey } from '../world/scope.ts';
import type { World } from '../world/world.ts';
import type { EventFilter } from './filters.ts';

export const TOPIC_TYPE = 'Microsoft.EventGrid/systemTopics';
export const SUBSCRIPTION_TYPE = 'Microsoft.EventGrid/systemTopics/eventSubscriptions';

/** Of a subscription or a resource group. */
interface SystemTopic {
  readonly id: string;
  readonly name: string;
  /** Id of the subscription or group whose events it carries. */
  readonly source: string;
}

export interface EventSubscription {
  readonly id: string;
  readonly name: string;
  readonly topic: SystemTopic;
  /** ARM id of the Service Bus queue. */
  readonly queue: string;
  readonly filter: EventFilter;
  readonly schema: EventSchema;
  readonly maxDeliveryAttempts: number;
  readonly timeToLiveMs: number;
  /** Without, what cannot be delivered is lost. */
  readonly deadLetters: boolean;
  /** Object id of the principal that delivers; without one Event Grid does it by itself. */
  readonly identity?: string;
}

/** Refused by Event Grid: names what is wrong. */
export class TopicError extends Error {
  override readonly name = 'TopicError';
}

/** System topics and their event subscriptions: resources of the world, gone with their group. */
export class Topics {
  readonly #world: World;
  /** By `scopeKey` of the id, as the subscriptions are. */
  readonly #topics = new Map<string, SystemTopic>();
  readonly #subscriptions = new Map<string, EventSubscription>();

  constructor(world: World) {
    this.#world = world;
    world.onRemoved(({ id }) => this.#drop(id));
  }

  /** There is no event subscription: events need not be made. */
  get isEmpty(): boolean {
    return this.#subscriptions.size === 0;
  }

  /** One per source, in the source's own subscription, at location `global`. */
  addTopic({ id, name, source }: SystemTopic): SystemTopic {
    const scope = parseScope(source);
    if (scope.kind !== 'subscription' && scope.kind !== 'resourceGroup')
      throw new TopicError(`source: expected the id of a subscription or resource group, got '${source}'`);
    if (!this.#world.scopeExists(source))
      throw new TopicError(`source: expected an existing subscription or resource group, got '${source}'`);
    if (!isWithin(id, `/subscriptions/${scope.subscriptionId}`))
      throw new TopicError(`source: expected the topic in the subscription of its source, got '${id}'`);
    if (!this.#world.scopeExists(groupOf(id)))
      throw new TopicError(`resourceGroup: expected an existing resource group, got '${groupOf(id)}'`);
    const other = this.ofSource(source);
    if (other && scopeKey(other.id) !== scopeKey(id))
      throw new TopicError(`source: expected one without a system topic, '${other.id}' is there: use that`);
    const topic = { id, name, source };
    this.#topics.set(scopeKey(id), topic);
    this.#world.putResource({ id, name, type: TOPIC_TYPE, location: 'global' });
    return topic;
  }

  ofSource(source: string): SystemTopic | undefined {
    return this.#topics.values().find((topic) => scopeKey(topic.source) === scopeKey(source));
  }

  topic(id: string): SystemTopic | undefined {
    return this.#topics.get(scopeKey(id));
  }

  /** In place of one of that name. */
  addSubscription(given: Omit<EventSubscription, 'id'>): EventSubscription {
    const id = `${given.topic.id}/eventSubscriptions/${given.name}`;
    const subscription = { ...given, id };
    this.#subscriptions.set(scopeKey(id), subscription);
    this.#world.putResource({ id, name: given.name, type: SUBSCRIPTION_TYPE, location: 'global' });
    return subscription;
  }

  /** A topic with its subscriptions, or one of these. */
  remove(id: string): boolean {
    const known = this.#topics.has(scopeKey(id)) || this.#subscriptions.has(scopeKey(id));
    return known && this.#world.removeResource(id);
  }

  has(subscription: EventSubscription): boolean {
    return this.#subscriptions.get(scopeKey(subscription.id)) === subscription;
  }

  /** The subscriptions of topics that carry events of the resource. */
  reaching(resource: string): EventSubscription[] {
    return [...this.#subscriptions.values()].filter(({ topic }) => isWithin(resource, topic.source));
  }

  #drop(id: string): void {
    this.#topics.delete(scopeKey(id));
    this.#subscriptions.delete(scopeKey(id));
  }
}

const groupOf = (id: string) => id.split('/').slice(0, 5).join('/');

export type EventSchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';
