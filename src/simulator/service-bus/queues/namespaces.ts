import { randomBytes } from 'node:crypto';
import type { Foundation } from '../../frame.ts';
import { scopeKey } from '../../world/scope.ts';
import { DEFAULT_SETTINGS, Queue, type QueueSettings } from './queue.ts';

export const NAMESPACE_TYPE = 'Microsoft.ServiceBus/namespaces';
export const QUEUE_TYPE = 'Microsoft.ServiceBus/namespaces/queues';
/** The key that every namespace has from the start. */
export const ROOT_KEY = 'RootManageSharedAccessKey';

export interface QueueEntity {
  /** ARM id: what a role is granted on, and what an event subscription names. */
  readonly id: string;
  readonly name: string;
  readonly namespace: string;
  readonly active: Queue;
  readonly deadLetters: Queue;
}

export interface Namespace {
  readonly id: string;
  readonly name: string;
  /** `<name>.servicebus.windows.net`: the host name in a client's `open`, at any address it connects to. */
  readonly host: string;
  /** Of `RootManageSharedAccessKey`, which may do everything. */
  readonly key: string;
}

/**
 * Service Bus namespaces and their queues. They are resources of the world like others: they go with their group, and
 * roles are granted on them.
 */
export class Namespaces implements Disposable {
  readonly #foundation: Foundation;
  /** By name, lower-case: unique in Azure. The first is the one that a client reaches which names no host. */
  readonly #namespaces = new Map<string, Namespace>();
  /** By `scopeKey` of the id. */
  readonly #queues = new Map<string, QueueEntity>();
  /** By name, lower-case: those that take no key (`disableLocalAuth`). */
  readonly #keysOff = new Set<string>();
  readonly #removed = new Set<(queue: QueueEntity) => void>();

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
    foundation.world.onRemoved(({ id }) => this.#drop(id));
  }

  /** The one there is, if it is there. */
  createNamespace(given: {
    readonly subscriptionId: string;
    readonly resourceGroup: string;
    readonly name: string;
    readonly location?: string;
  }): Namespace {
    const { subscriptionId, resourceGroup, name, location = 'westeurope' } = given;
    const existing = this.#namespaces.get(name.toLowerCase());
    if (existing) return existing;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${NAMESPACE_TYPE}/${name}`;
    const host = `${name.toLowerCase()}.servicebus.windows.net`;
    // A secret: the one thing here that does not follow from the seed.
    const namespace = { id, name, host, key: randomBytes(32).toString('base64') };
    this.#namespaces.set(name.toLowerCase(), namespace);
    this.#foundation.world.putResource({ id, name, type: NAMESPACE_TYPE, location });
    return namespace;
  }

  /** The one there is, if it is there: its settings stay. */
  createQueue(namespace: Namespace, name: string, settings: Partial<QueueSettings> = {}): QueueEntity {
    const id = `${namespace.id}/queues/${name}`;
    const existing = this.#queues.get(scopeKey(id));
    if (existing) return existing;
    const deadLetters = new Queue(this.#foundation, {
      ...DEFAULT_SETTINGS,
      ...settings,
      duplicateDetection: false,
    });
    const active = new Queue(this.#foundation, { ...DEFAULT_SETTINGS, ...settings }, deadLetters);
    const queue = { id, name, namespace: namespace.name, active, deadLetters };
    this.#queues.set(scopeKey(id), queue);
    const location = this.#foundation.world.resource(namespace.id)?.location ?? '';
    this.#foundation.world.putResource({ id, name, type: QUEUE_TYPE, location });
    return queue;
  }

  deleteQueue(id: string): boolean {
    return this.#queues.has(scopeKey(id)) && this.#foundation.world.removeResource(id);
  }

  /** Whether `RootManageSharedAccessKey` is accepted; at first it is. */
  useKeys({ name }: Namespace, on: boolean): void {
    if (on) this.#keysOff.delete(name.toLowerCase());
    else this.#keysOff.add(name.toLowerCase());
  }

  takesKeys({ name }: Namespace): boolean {
    return !this.#keysOff.has(name.toLowerCase());
  }

  /** By the host that a client named; an address of this machine means the first there is. */
  byHost(host: string | undefined): Namespace | undefined {
    const name = (host ?? '').toLowerCase().replace(/:\d+$/, '');
    if (name === '' || name === 'localhost' || /^[\d.]+$/.test(name))
      return this.#namespaces.values().next().value;
    return this.#namespaces.values().find((namespace) => namespace.host === name);
  }

  byName(name: string): Namespace | undefined {
    return this.#namespaces.get(name.toLowerCase());
  }

  /** By its ARM id. */
  queue(id: string): QueueEntity | undefined {
    return this.#queues.get(scopeKey(id));
  }

  /** By the name a link attaches to. */
  queueOf(namespace: Namespace, name: string): QueueEntity | undefined {
    return this.queue(`${namespace.id}/queues/${name}`);
  }

  namespaces(): Namespace[] {
    return [...this.#namespaces.values()];
  }

  queues(): QueueEntity[] {
    return [...this.#queues.values()];
  }

  /** For messages whose sender gave them none. */
  newMessageId(): string {
    return this.#foundation.random.uuid();
  }

  /** Called when a queue is gone: its links go too. */
  onQueueRemoved(listener: (queue: QueueEntity) => void): void {
    this.#removed.add(listener);
  }

  [Symbol.dispose](): void {
    for (const { active, deadLetters } of this.#queues.values()) {
      active[Symbol.dispose]();
      deadLetters[Symbol.dispose]();
    }
  }

  #drop(id: string): void {
    const key = scopeKey(id);
    const queue = this.#queues.get(key);
    if (queue) {
      this.#queues.delete(key);
      queue.active[Symbol.dispose]();
      queue.deadLetters[Symbol.dispose]();
      for (const listener of this.#removed) listener(queue);
    }
    const namespace = this.#namespaces.values().find((each) => scopeKey(each.id) === key);
    if (!namespace) return;
    this.#namespaces.delete(namespace.name.toLowerCase());
    this.#keysOff.delete(namespace.name.toLowerCase());
  }
}

/** What a link attaches to: `orders`, `orders/$DeadLetterQueue`, `orders/$management`; case does not matter. */
export interface EntityPath {
  /** Name of the queue. */
  readonly queue: string;
  readonly deadLetters: boolean;
  readonly management: boolean;
}

/** Undefined for what is none: `$cbs` is no entity. */
export function parseEntityPath(address: string | undefined): EntityPath | undefined {
  // Some clients give the whole address, `amqps://host/orders`.
  const path = (address ?? '').replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
  const parts = path.split('/');
  const management = parts.at(-1)?.toLowerCase() === '$management';
  if (management) parts.pop();
  const deadLetters = parts.at(-1)?.toLowerCase() === '$deadletterqueue';
  if (deadLetters) parts.pop();
  const queue = parts.join('/');
  return queue === '' || queue.startsWith('$') ? undefined : { queue, deadLetters, management };
}
