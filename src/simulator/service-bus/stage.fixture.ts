import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import {
  ServiceBusClient,
  type ServiceBusClientOptions,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusReceiverOptions,
} from '@azure/service-bus';
import { FakeClock } from '../../runtime/time/fake-clock.fixture.ts';
import { type Simulator, startSimulator } from '../simulator.ts';

/**
 * The stage of the broker's tests: a fast simulator on a fake clock, a queue, and the unchanged `@azure/service-bus` over
 * TLS. The client lives in real time, so the clock starts at the real one: it compares its locks with it.
 */

const AUDIENCE = 'https://servicebus.azure.net/';

export interface BusStage extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly simulator: Simulator;
  readonly control: Simulator['control'];
  readonly namespace: ReturnType<Simulator['control']['createServiceBusNamespace']>;
  /** ARM id of the queue `events`. */
  readonly queue: string;
  /** Object id of the principal that the clients sign in as, Azure Service Bus Data Owner on the namespace. */
  readonly principalId: string;
  /** Of that principal. `lifetimeMs`: what it says of its tokens, in real time. */
  credential(lifetimeMs?: number): { getToken(): Promise<{ token: string; expiresOnTimestamp: number }> };
  /** A client with a token credential, over TLS. */
  client(options?: ServiceBusClientOptions & { readonly lifetimeMs?: number }): ServiceBusClient;
  receiver(client?: ServiceBusClient, options?: ServiceBusReceiverOptions): ServiceBusReceiver;
  send(...bodies: string[]): void;
  /** What the queue holds now. */
  state(): ReturnType<Simulator['control']['queue']>;
}

export async function startBusStage(
  settings: Partial<Parameters<Simulator['control']['createQueue']>[0]> = {},
): Promise<BusStage> {
  const clock = new FakeClock(Date.now());
  const simulator = await startSimulator({ clock, preset: 'fast' });
  // The client takes no CA of its own; a process would be started with NODE_EXTRA_CA_CERTS.
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, simulator.caPem]);
  const { control } = simulator;
  control.createResourceGroup({ name: 'rg1' });
  const namespace = control.createServiceBusNamespace({ name: 'simulated', resourceGroup: 'rg1' });
  const queue = control.createQueue({ namespace: 'simulated', name: 'events', ...settings }).id;
  const { objectId: principalId } = control.createPrincipal({ displayName: 'consumer' });
  control.grant({ principalId, role: 'Azure Service Bus Data Owner', scope: namespace.id });
  const clients: ServiceBusClient[] = [];
  const stage: BusStage = {
    clock,
    simulator,
    control,
    namespace,
    queue,
    principalId,
    credential: (lifetimeMs = 3600_000) => ({
      async getToken() {
        const { accessToken } = await control.token({ objectId: principalId, audience: AUDIENCE });
        return { token: accessToken, expiresOnTimestamp: Date.now() + lifetimeMs };
      },
    }),
    client({ lifetimeMs, ...options } = {}) {
      const client = new ServiceBusClient(namespace.host, stage.credential(lifetimeMs), {
        customEndpointAddress: namespace.endpoint,
        retryOptions: { maxRetries: 0, timeoutInMs: 10_000, retryDelayInMs: 50 },
        ...options,
      });
      clients.push(client);
      return client;
    },
    receiver: (client = stage.client(), options = {}) => client.createReceiver('events', options),
    send: (...bodies) => void control.sendMessages({ id: queue, bodies }),
    state: () => control.queue({ id: queue }),
    async [Symbol.asyncDispose]() {
      // One whose broker is gone does not close in words.
      await Promise.allSettled(clients.map((client) => client.close()));
      await simulator.stop();
      setDefaultCACertificates(trusted);
    },
  };
  return stage;
}

/** So many messages, however many calls it takes; a call without one fails. */
export async function receive(
  receiver: ServiceBusReceiver,
  count: number,
): Promise<ServiceBusReceivedMessage[]> {
  const messages: ServiceBusReceivedMessage[] = [];
  while (messages.length < count) {
    const got = await receiver.receiveMessages(count - messages.length, { maxWaitTimeInMs: 10_000 });
    if (got.length === 0) throw new Error(`expected ${count} messages, got ${messages.length}`);
    messages.push(...got);
  }
  return messages;
}

export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receive(receiver, 1);
  if (!message) throw new Error('unreachable');
  return message;
}
